-- Read one home whole, at one instant: all its keys with what they hold, the fences among them.
-- KEYS[1]: the stem of the home (`<prefix>:{<home>}:`). ARGV[1]: the stem as a pattern. Reads only.
-- Reply: a list of {suffix, type, ms it still lives (-1: for ever), content}; content is what
-- HGETALL, SMEMBERS, ZRANGE WITHSCORES or LRANGE answers.
local stem = KEYS[1]
local call = redis.call
local read = {
  hash = function(key) return call('HGETALL', key) end,
  set = function(key) return call('SMEMBERS', key) end,
  zset = function(key) return call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
  list = function(key) return call('LRANGE', key, 0, -1) end,
}
local found = {}
for _, key in ipairs(call('KEYS', ARGV[1])) do
  local kind = call('TYPE', key).ok
  found[#found + 1] = {string.sub(key, #stem + 1), kind, call('PTTL', key), read[kind](key)}
end
return found
