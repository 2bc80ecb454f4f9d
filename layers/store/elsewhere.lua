-- Which of these records does this home hold, and in which version? Reads only.
-- KEYS[1]: the hash of the records. ARGV[1]: MessagePack of {ids, versions}.
-- Reply: two lists of positions: held in the same or a newer version; held in an older one.
local asked = cmsgpack.unpack(ARGV[1])
local ids, versions = asked[1], asked[2]
local newer, older = {}, {}
if redis.call('EXISTS', KEYS[1]) == 0 then return {newer, older} end
for from = 1, #ids, 3000 do
  local upto = math.min(from + 2999, #ids)
  local found = redis.call('HMGET', KEYS[1], unpack(ids, from, upto))
  for i = from, upto do
    local was = found[i - from + 1]
    if was then
      local into = cmsgpack.unpack(was)[1] >= versions[i] and newer or older
      into[#into + 1] = i
    end
  end
end
return {newer, older}
