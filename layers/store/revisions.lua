-- Readings that may be revised (layers/readings/revisions.py). Stands before apply.lua in one script.
-- An entry says what a reading gave: `value minute region property`.
local revisions = {}
local BLOCK = 3000

-- Name the identities of which another entry is held than the call expects.
function revisions.unexpected(values, stem)
  local found = {'held'}
  for _, v in ipairs(values) do
    local ids, was, first = v[4], v[5], v[7]
    for from = 1, #ids, BLOCK do
      local upto = math.min(from + BLOCK - 1, #ids)
      local stored = redis.call('HMGET', stem .. v[1], unpack(ids, from, upto))
      for i = from, upto do
        local entry = stored[i - from + 1] or ''
        if entry ~= was[i] then
          found[#found + 1] = first + i - 1
          found[#found + 1] = entry
        end
      end
    end
  end
  return found
end

function revisions.remember(values, stem, now)
  for _, v in ipairs(values) do
    local key, ids, entries = stem .. v[1], v[4], v[6]
    for from = 1, #ids, BLOCK do
      local pairs_of = {}
      for i = from, math.min(from + BLOCK - 1, #ids) do
        pairs_of[#pairs_of + 1] = ids[i]
        pairs_of[#pairs_of + 1] = entries[i]
      end
      redis.call('HSET', key, unpack(pairs_of))
    end
    redis.call('EXPIREAT', key, math.max(v[2], now + v[3]))
  end
end

local function read(cell)
  local n, sum, lo, hi = string.match(cell, '^(%S+) (%S+) (%S+) (%S+)$')
  return tonumber(n), tonumber(sum), tonumber(lo), tonumber(hi)
end

local function write(key, field, n, sum, lo, hi)
  redis.call('HSET', key, field, string.format('%.0f %.0f %.0f %.0f', n, sum, lo, hi))
end

-- Take back from the cells what earlier entries gave; give those whose least or greatest may have
-- been one of them. What has expired is not made again.
function revisions.take_back(taken, stem)
  local doubtful = {}
  for _, t in ipairs(taken) do
    local key, field = stem .. t[1], t[2]
    local was = redis.call('HGET', key, field)
    if was then
      local n, sum, lo, hi = read(was)
      if n <= t[3] then
        redis.call('HDEL', key, field)
      else
        write(key, field, n - t[3], sum - t[4], lo, hi)
        if t[5] <= lo or t[6] >= hi then doubtful[#doubtful + 1] = t end
      end
    end
  end
  return doubtful
end

local function merged(into, n, lo, hi)
  into.n = into.n + n
  if not into.lo or lo < into.lo then into.lo = lo end
  if not into.hi or hi > into.hi then into.hi = hi end
end

-- Write the extremes that were found, where all that the cell counts was seen.
local function set_extremes(stem, t, found)
  local key, field = stem .. t[1], t[2]
  local cell = redis.call('HGET', key, field)
  if cell then
    local n, sum = read(cell)
    if n == found.n then write(key, field, n, sum, found.lo, found.hi) end
  end
end

-- The wanted cells in which an entry counts, by all of it but its value.
local function counting(wanted, place)
  local minute, region, property = string.match(place, '^(%d+) (%d+) (.*)$')
  local found = {}
  for _, level in ipairs({6, 9, 12, 15}) do
    if #region < level then break end
    local name = property .. '|' .. string.sub(region, 1, level)
    found[#found + 1] = wanted[name]
    found[#found + 1] = wanted[name .. '|' .. minute]
  end
  return found
end

local function search_entries(stem, source, wanted)
  local cells = {} -- few places have many entries each
  local all = redis.call('HGETALL', stem .. source)
  for i = 2, #all, 2 do
    local value, place = string.match(all[i], '^(%S+) (.*)$')
    local into = cells[place]
    if not into then
      into = counting(wanted, place)
      cells[place] = into
    end
    if #into > 0 then
      value = tonumber(value)
      for _, cell in ipairs(into) do merged(cell, 1, value, value) end
    end
  end
end

-- Find the extremes of doubtful cells anew: of minutes and hours from the entries of the hour, then
-- of days from their hours.
function revisions.settle(doubtful, stem)
  local sources = {}
  for _, t in ipairs(doubtful) do
    if t[7] ~= 'day' then
      sources[t[8]] = sources[t[8]] or {}
      sources[t[8]][t[9]] = {n = 0, of = t}
    end
  end
  for source, wanted in pairs(sources) do
    search_entries(stem, source, wanted)
    for _, found in pairs(wanted) do set_extremes(stem, found.of, found) end
  end
  for _, t in ipairs(doubtful) do
    if t[7] == 'day' then
      local fields, found = {}, {n = 0}
      for hour = 0, 23 do fields[hour + 1] = t[9] .. hour end
      for _, cell in ipairs(redis.call('HMGET', stem .. t[8], unpack(fields))) do
        if cell then
          local n, _, lo, hi = read(cell)
          merged(found, n, lo, hi)
        end
      end
      set_extremes(stem, t, found)
    end
  end
end
