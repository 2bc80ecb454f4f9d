-- One home's share of one poll, all or nothing. Redis runs a script without interruption, so every
-- reader and every other worker sees the home before it or after it, never between.
-- KEYS[1]: the stem of the home (`<prefix>:{<home>}:`). ARGV[1]: the writes, MessagePack.
-- Replies: {'ok'} | {'fence', partition, stored, …} | {'seen', position, …}
-- | {'held', position, entry, …}; nothing was written but after 'ok'.
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

-- 2. The ids: report those that are known; write nothing then.
local seen, all_ids = {'seen'}, {}
for at, s in ipairs(w.seen) do
  local ids, first = cmsgpack.unpack(s[3]), s[4]
  all_ids[at] = ids
  for _, suffix in ipairs({s[1], s[6]}) do
    local key = stem .. suffix
    if suffix ~= '' and call('EXISTS', key) == 1 then
      for from = 1, #ids, CHUNK do
        local known = call('SMISMEMBER', key, unpack(ids, from, math.min(from + CHUNK - 1, #ids)))
        for i, k in ipairs(known) do
          if k == 1 then seen[#seen + 1] = first + from + i - 2 end
        end
      end
    end
  end
end
if #seen > 1 then return seen end
local held = revisions.unexpected(w.values, stem)
if #held > 1 then return held end

-- 3. Everything else. From here on nothing can refuse.
for at, s in ipairs(w.seen) do
  local key, ids = stem .. s[1], all_ids[at]
  for from = 1, #ids, CHUNK do
    call('SADD', key, unpack(ids, from, math.min(from + CHUNK - 1, #ids)))
  end
  -- old events that are read only now may be repeated from now on: a backlog, a recorded file
  call('EXPIREAT', key, math.max(s[2], w.now + s[5]))
end

for _, f in ipairs(w.fences) do call('HSET', stem .. 'fence', f[1], f[3]) end

-- Sums: cells "count sum min max", read and written in blocks.
local doubtful, living = revisions.take_back(w.taken, stem), {}
for _, s in ipairs(w.sums) do
  if s[2] > w.now then living[#living + 1] = s end -- what has expired is not made again
end
for _, s in ipairs(living) do
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
revisions.remember(w.values, stem, w.now)
revisions.settle(doubtful, stem)

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
local PART = '[^' .. SEP .. ']*'
local PLACE = '^(' .. string.rep(PART .. SEP, 2) .. PART .. ')'
local FIVE = '^' .. string.rep('(' .. PART .. ')' .. SEP, 4) .. '(' .. PART .. ')$'
local SIX = '^' .. string.rep('(' .. PART .. ')' .. SEP, 5) .. '(' .. PART .. ')$'
-- What all records of the call change is gathered first and written in blocks: a version that only
-- changes its state takes back and gives one cell, and most others cancel out.
local tally = {}
local function count(cell, by) tally[cell] = (tally[cell] or 0) + by end
-- A rank: stem of the key, region, member, score, bound (empty: none); one set per level.
local adds, removals, bounds, named = {}, {}, {}, {}
local function keys_of(rank_stem, region)
  local of_stem = named[rank_stem] or {}
  named[rank_stem] = of_stem
  if not of_stem[region] then
    local keys = {}
    for _, level in ipairs(LEVELS) do
      if #region < level then break end
      keys[#keys + 1] = stem .. rank_stem .. string.sub(region, 1, level)
    end
    of_stem[region] = keys
  end
  return of_stem[region]
end
local function listed(into, key)
  local list = into[key]
  if not list then
    list = {}
    into[key] = list
  end
  return list
end
local function rank(text, add)
  local rank_stem, region, member, score, bound = string.match(text, FIVE)
  for _, key in ipairs(keys_of(rank_stem, region)) do
    local list = listed(add and adds or removals, key)
    if add then
      list[#list + 1] = score
      if bound ~= '' then bounds[key] = tonumber(bound) end
    end
    list[#list + 1] = member
  end
end
-- Take back what `was` gave and `now` does not give, give what is new. Ranks of the same member are
-- only overwritten; one that stands already is left, unless its set is bounded and may have lost it.
local function change(was_cells, was_ranks, cells, ranks)
  local same, stands, place = {}, {}, {}
  for _, cell in ipairs(cells) do same[cell] = true end
  for _, cell in ipairs(was_cells) do
    if same[cell] then same[cell] = nil else count(cell, -1) end
  end
  for _, cell in ipairs(cells) do
    if same[cell] then count(cell, 1) end
  end
  for _, text in ipairs(was_ranks) do stands[text] = string.sub(text, -1) == SEP end
  for _, text in ipairs(ranks) do
    if #was_ranks > 0 then place[string.match(text, PLACE)] = true end
    if not stands[text] then rank(text, true) end
  end
  for _, text in ipairs(was_ranks) do
    if not place[string.match(text, PLACE)] then rank(text, false) end
  end
end
local expires, kept = {}, {}
local BLOCK = 500
local from = 1
while from <= #w.records do
  local suffix, ids = w.records[from][1], {}
  local upto = from - 1
  while upto < #w.records and #ids < BLOCK and w.records[upto + 1][1] == suffix do
    upto = upto + 1
    ids[#ids + 1] = w.records[upto][2]
  end
  local key, out = stem .. suffix, {}
  local found = call('HMGET', key, unpack(ids))
  for i, was in ipairs(found) do
    local r = w.records[from + i - 1]
    local id, version, cells, ranks, expiry = r[2], r[3], r[5], r[6], r[8]
    local old = was and cmsgpack.unpack(was)
    if not old or old[1] < version then
      change(old and old[3] or {}, old and old[4] or {}, cells, ranks)
      out[#out + 1] = id
      out[#out + 1] = cmsgpack.pack({version, r[4], cells, ranks, r[7]})
      local name = suffix .. '|' .. id
      if expiry > 0 then
        expires[#expires + 1] = expiry
        expires[#expires + 1] = name
      elseif old then
        kept[#kept + 1] = name
      end
    end
  end
  if #out > 0 then call('HSET', key, unpack(out)) end
  from = upto + 1
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
          change(old[3], old[4], {}, {})
          call('HDEL', key, ids[i])
          kept[#kept + 1] = m[1] .. '|' .. ids[i]
        end
      end
    end
  end
end

-- A cell: suffix, left, region, right, expiry in seconds (0: never), mode; it counts in the field
-- left .. region prefix .. right of every level. Mode s: the count of a sum; c: a plain count.
local deltas, modes, expiries = {}, {}, {}
for cell, by in pairs(tally) do
  local suffix, left, region, right, expire, mode = string.match(cell, SIX)
  local key, expiry = stem .. suffix, tonumber(expire)
  if by ~= 0 and (expiry == 0 or expiry > w.now) then
    local fields = listed(deltas, key)
    modes[key], expiries[key] = mode, math.max(expiry, expiries[key] or 0)
    for _, level in ipairs(LEVELS) do
      if #region < level then break end
      local field = left .. string.sub(region, 1, level) .. right
      fields[field] = (fields[field] or 0) + by
    end
  end
end

-- Now the blocks. Half of CHUNK where a block takes two arguments a piece.
local function in_blocks(list, size, run)
  for from = 1, #list, size do run(from, math.min(from + size - 1, #list)) end
end
for key, fields in pairs(deltas) do
  local names = {}
  for field, by in pairs(fields) do
    if by ~= 0 then names[#names + 1] = field end
  end
  in_blocks(names, CHUNK, function(from, upto)
    local old = call('HMGET', key, unpack(names, from, upto))
    local out, gone = {}, {}
    for i = from, upto do
      local was = old[i - from + 1]
      local n = fields[names[i]] + (was and tonumber(string.match(was, '^(%S+)')) or 0)
      if n == 0 then
        gone[#gone + 1] = names[i]
      else
        out[#out + 1] = names[i]
        out[#out + 1] = modes[key] == 's' and string.format('%.0f %.0f 1 1', n, n) or string.format('%.0f', n)
      end
    end
    if #out > 0 then call('HSET', key, unpack(out)) end
    if #gone > 0 then call('HDEL', key, unpack(gone)) end
  end)
  if expiries[key] > 0 then call('EXPIREAT', key, expiries[key]) end
end
for key, members in pairs(removals) do
  in_blocks(members, CHUNK, function(from, upto) call('ZREM', key, unpack(members, from, upto)) end)
end
for key, pairs_of in pairs(adds) do
  in_blocks(pairs_of, CHUNK * 2, function(from, upto) call('ZADD', key, unpack(pairs_of, from, upto)) end)
  if bounds[key] then call('ZREMRANGEBYRANK', key, 0, -1 - bounds[key]) end
end
in_blocks(kept, CHUNK, function(from, upto) call('ZREM', stem .. 'expiry', unpack(kept, from, upto)) end)
in_blocks(expires, CHUNK * 2, function(from, upto) call('ZADD', stem .. 'expiry', unpack(expires, from, upto)) end)

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
-- Mended rejects: what was counted as rejected here is counted anew where the mended message lies.
-- Once: the set says which were taken back; one that these accounts don't hold is not.
for _, m in ipairs(w.mends) do
  local accounts = stem .. m[2]
  local rejected = tonumber(call('HGET', accounts, 'rejected') or 0)
  if call('SADD', stem .. m[1], m[5]) == 1 and rejected > 0 then
    call('HINCRBY', accounts, 'read', -1)
    call('HINCRBY', accounts, 'rejected', -1)
    call('HINCRBY', accounts, 'mended', 1)
    if call('HEXISTS', stem .. m[3], m[4]) == 1 then call('HINCRBY', stem .. m[3], m[4], -1) end
  end
end
if w.channel then call('PUBLISH', w.channel, w.home) end
return {'ok'}
