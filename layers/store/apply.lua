-- One home's share of one poll, all or nothing. Redis runs a script without interruption, so every
-- reader and every other worker sees the home before it or after it, never between.
-- KEYS[1]: the stem of the home (`<prefix>:{<home>}:`). ARGV[1]: the writes, MessagePack.
-- Replies: {'ok'} | {'fence', partition, stored, …} | {'seen', position, …} (nothing was written).
local stem = KEYS[1]
local w = cmsgpack.unpack(ARGV[1])
local call = redis.call
local CHUNK = 3000
local LEVELS = {6, 9, 12, 15}

-- 1. The fences: apply only if nobody, this worker included, has moved them since they were read.
local conflict = {'fence'}
for _, f in ipairs(w.fences) do
  local stored = call('HGET', stem .. 'fence', f[1])
  if (stored or '') ~= f[2] then
    conflict[#conflict + 1] = f[1]
    conflict[#conflict + 1] = stored or ''
  end
end
if #conflict > 1 then return conflict end

-- 2. The ids: report those that are known; write nothing then. Eight bytes an id.
local function ids_of(text, from, upto)
  local part = {}
  for i = from, upto do part[#part + 1] = string.sub(text, i * 8 - 7, i * 8) end
  return part
end
local seen = {'seen'}
for _, s in ipairs(w.seen) do
  local key, ids, first = stem .. s[1], s[3], s[4]
  local n = #ids / 8
  if call('EXISTS', key) == 1 then
    for from = 1, n, CHUNK do
      local known = call('SMISMEMBER', key, unpack(ids_of(ids, from, math.min(from + CHUNK - 1, n))))
      for i, k in ipairs(known) do
        if k == 1 then seen[#seen + 1] = first + from + i - 2 end
      end
    end
  end
end
if #seen > 1 then return seen end

-- 3. Everything else. From here on nothing can refuse.
for _, s in ipairs(w.seen) do
  local key, ids = stem .. s[1], s[3]
  local n = #ids / 8
  for from = 1, n, CHUNK do
    call('SADD', key, unpack(ids_of(ids, from, math.min(from + CHUNK - 1, n))))
  end
  call('EXPIREAT', key, s[2])
end

for _, f in ipairs(w.fences) do call('HSET', stem .. 'fence', f[1], f[3]) end

-- Sums: cells "count sum min max", read and written in blocks.
for _, s in ipairs(w.sums) do
  local key, fields, n, sum, lo, hi = stem .. s[1], s[3], s[4], s[5], s[6], s[7]
  for from = 1, #fields, CHUNK do
    local upto = math.min(from + CHUNK - 1, #fields)
    local old = call('HMGET', key, unpack(fields, from, upto))
    local out, o = {}, 1
    for i = from, upto do
      local c, t, a, b = n[i], sum[i], lo[i], hi[i]
      local was = old[i - from + 1]
      if was then
        local oc, ot, oa, ob = string.match(was, '^(%S+) (%S+) (%S+) (%S+)$')
        c, t = c + oc, t + ot
        oa, ob = tonumber(oa), tonumber(ob)
        if oa < a then a = oa end
        if ob > b then b = ob end
      end
      out[o] = fields[i]
      out[o + 1] = string.format('%.0f %.0f %.0f %.0f', c, t, a, b)
      o = o + 2
    end
    call('HSET', key, unpack(out))
  end
  call('EXPIREAT', key, s[2])
end

-- Latest: a value starts with its time in 13 digits; the newer one stays.
for _, s in ipairs(w.latest) do
  local key, fields, values = stem .. s[1], s[2], s[3]
  for from = 1, #fields, CHUNK do
    local upto = math.min(from + CHUNK - 1, #fields)
    local old = call('HMGET', key, unpack(fields, from, upto))
    local out = {}
    for i = from, upto do
      local was = old[i - from + 1]
      if not was or string.sub(was, 1, 13) <= string.sub(values[i], 1, 13) then
        out[#out + 1] = fields[i]
        out[#out + 1] = values[i]
      end
    end
    if #out > 0 then call('HSET', key, unpack(out)) end
  end
end

-- Records: the state is the sum of what the newest version of each record contributes, so an
-- arriving version takes back what the stored one gave, in whatever order versions come.
local SEP = string.char(31)
local function split(text)
  local out = {}
  for part in string.gmatch(text .. SEP, '([^' .. SEP .. ']*)' .. SEP) do out[#out + 1] = part end
  return out
end
-- A cell: suffix, left, region, right, expiry in seconds (0: never), mode; it counts in the field
-- left .. region prefix .. right of every level. Mode s: the count of a sum; c: a plain count.
local function count(cell, by)
  local c = split(cell)
  local key, expiry = stem .. c[1], tonumber(c[5])
  if expiry > 0 and expiry <= w.now then return end
  for _, level in ipairs(LEVELS) do
    if #c[3] < level then break end
    local field = c[2] .. string.sub(c[3], 1, level) .. c[4]
    if c[6] == 's' then
      local was = call('HGET', key, field)
      local n = by
      if was then n = n + string.match(was, '^(%S+)') end
      if n == 0 then call('HDEL', key, field)
      else call('HSET', key, field, string.format('%.0f %.0f 1 1', n, n)) end
    elseif call('HINCRBY', key, field, by) == 0 then
      call('HDEL', key, field)
    end
  end
  if expiry > 0 and by > 0 then call('EXPIREAT', key, expiry) end
end
-- A rank: stem of the key, region, member, score, bound (empty: none); one set per level.
local function rank(text, add)
  local k = split(text)
  for _, level in ipairs(LEVELS) do
    if #k[2] < level then break end
    local key = stem .. k[1] .. string.sub(k[2], 1, level)
    if not add then
      call('ZREM', key, k[3])
    else
      call('ZADD', key, k[4], k[3])
      if k[5] ~= '' then call('ZREMRANGEBYRANK', key, 0, -1 - tonumber(k[5])) end
    end
  end
end
local function take_back(old)
  for _, cell in ipairs(old[3]) do count(cell, -1) end
  for _, text in ipairs(old[4]) do rank(text, false) end
end
for _, r in ipairs(w.records) do
  local key, id, version, body, cells, ranks, raw, expiry = stem .. r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8]
  local was = call('HGET', key, id)
  local old = was and cmsgpack.unpack(was)
  if not old or old[1] < version then
    if old then take_back(old) end
    for _, cell in ipairs(cells) do count(cell, 1) end
    for _, text in ipairs(ranks) do rank(text, true) end
    call('HSET', key, id, cmsgpack.pack({version, body, cells, ranks, raw}))
    local name = r[1] .. '|' .. id
    if expiry > 0 then call('ZADD', stem .. 'expiry', expiry, name) else call('ZREM', stem .. 'expiry', name) end
  end
end

-- Moved: records whose newer version stands in another home give nothing here any more.
for _, m in ipairs(w.moved) do
  local key, ids, versions = stem .. m[1], m[2], m[3]
  if call('EXISTS', key) == 1 then
    for from = 1, #ids, CHUNK do
      local upto = math.min(from + CHUNK - 1, #ids)
      local found = call('HMGET', key, unpack(ids, from, upto))
      for i = from, upto do
        local was = found[i - from + 1]
        local old = was and cmsgpack.unpack(was)
        if old and old[1] < versions[i] then
          take_back(old)
          call('HDEL', key, ids[i])
          call('ZREM', stem .. 'expiry', m[1] .. '|' .. ids[i])
        end
      end
    end
  end
end

for _, name in ipairs(call('ZRANGEBYSCORE', stem .. 'expiry', '-inf', w.now * 1000, 'LIMIT', 0, 200)) do
  local bar = string.find(name, '|', 1, true)
  call('HDEL', stem .. string.sub(name, 1, bar - 1), string.sub(name, bar + 1))
  call('ZREM', stem .. 'expiry', name)
end

-- Accounts and marks.
for _, c in ipairs(w.counts) do
  local key = stem .. c[1]
  for i, field in ipairs(c[3]) do call('HINCRBY', key, field, c[4][i]) end
  if c[2] > 0 then call('EXPIREAT', key, c[2]) end
end
for _, m in ipairs(w.marks) do
  local key = stem .. m[1]
  local was = call('HGET', key, m[2])
  if not was or tonumber(was) < m[3] then call('HSET', key, m[2], string.format('%.0f', m[3])) end
end
for _, l in ipairs(w.lists) do
  local key = stem .. l[1]
  for _, value in ipairs(l[3]) do call('LPUSH', key, value) end
  call('LTRIM', key, 0, l[2] - 1)
end
if w.channel then call('PUBLISH', w.channel, w.home) end
return {'ok'}
