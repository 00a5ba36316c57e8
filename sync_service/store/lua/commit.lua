-- One step of a room: every check first, then every write, then the notification. Nothing else changes a live room.
--
-- KEYS  room, members, log, chat, texts, presence, closed, journal, head, channel, node (members connected to it), ended
--       (sessions of the API), then for each arrival: jti, session
-- ARGV  node, journal_bound, op ('', depart, close), op_member (close: the API's version of the room),
--       op_arg (depart: the node; close: the reason), room_id,
--       "epoch deadline_ms" and the hashes expected of playback, rights, meta, members (empty = was not read), all
--       separated by spaces,
--       n_commands, then each command's key,
--       n_arrivals, then for each, of different members: member, old|new|extra (step.Seat), jti_ttl_ms
--       ('' = no ticket), generation ('' = no resume token), session_ttl_ms, sid ('' = no session of the API),
--       then for each event: body (JSON without its brace), journal_type,
--       journal_data ('' = the event itself), n_writes, then for each write: kind (changes.py), key, value
-- Returns {'ok', first_seq, prev_hash, hash...} or {why not, ...}; where one arrival is why, its number from 1.
-- COMMANDS_KEPT_MS, TOMBSTONE_MS and PLAYBACK_CHANGED come from scripts.py.
local room, members, log, chat, texts, presence, closed = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local journal, head, channel, node_rooms, ended = KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12]
local node, op, op_member, op_arg = ARGV[1], ARGV[3], ARGV[4], ARGV[5]
local room_id = ARGV[6]
local epoch, deadline_ms, playback, rights, meta, people = string.match(ARGV[7], '^(%d+) (%d+) (%S*) (%S*) (%S*) (%S*)$')

-- A log is cut when it is LOG_OVER longer than it has to be, not at every step.
local LOG_KEPT, LOG_OVER, CHAT_KEPT = 1000, 100, 10000

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
if now_ms > tonumber(deadline_ms) then return {'late'} end

local have = redis.call('HMGET', room, 'epoch', 'seq', 'hash', 'closed',
  'playback_hash', 'rights_hash', 'meta_hash', 'members_hash', 'capacity', 'commands')
if have[4] then return {'closed', have[4]} end
if not have[1] then
  local reason = redis.call('GET', closed)
  if reason then return {'closed', reason} end
  return {'missing'}
end
-- The API has opened the room again since (lifecycle.lua).
if op == 'close' and tonumber(redis.call('GET', room .. ':lifecycle') or 0) > tonumber(op_member) then
  return {'outdated'}
end

-- Ids of commands live in two buckets of time: written to the present one, looked up in both.
local n_commands = tonumber(ARGV[8])
local bucket = math.floor(now_ms / COMMANDS_KEPT_MS)
local bucket_name = string.format('%d', bucket)
local done = room .. ':commands:' .. bucket_name
local done_before = room .. ':commands:' .. string.format('%d', bucket - 1)
for i = 1, n_commands do
  local key = ARGV[8 + i]
  local answer = redis.call('HGET', done, key) or redis.call('HGET', done_before, key)
  if answer then return {'duplicate', key, answer} end
end

if have[1] ~= epoch then return {'conflict'} end
for i, read in ipairs({playback, rights, meta, people}) do
  if read ~= '' and read ~= have[4 + i] then return {'conflict'} end
end

-- How often a message was changed; within a text the quotes are escaped, so that no text can look like it.
local function revision_of(message)
  return message and tonumber(string.match(message, '"revision":(%d+)') or 0)
end

local journal_full = redis.call('XLEN', journal) >= tonumber(ARGV[2])
local events, revisions = {}, {}
local arrivals = 9 + n_commands
local n_arrivals = tonumber(ARGV[arrivals])
local at = arrivals + 1 + 6 * n_arrivals
while at <= #ARGV do
  events[#events + 1] = at
  local last = at + 3 + 3 * ARGV[at + 3]
  for i = at + 4, last, 3 do
    local kind, key = ARGV[i], ARGV[i + 1]
    if (kind == 'message' or kind == 'edited') and journal_full then return {'archive_full'} end
    if kind == 'rewritten' or kind == 'edited' then
      local before = revisions[key] or revision_of(redis.call('HGET', texts, key))
      revisions[key] = revision_of(ARGV[i + 2])
      if before and before + 1 ~= revisions[key] then return {'conflict'} end
    end
  end
  at = last + 1
end

local function arrival(i)
  local first = arrivals + 6 * i - 5
  return KEYS[11 + 2 * i], KEYS[12 + 2 * i], unpack(ARGV, first, first + 5)
end

local newcomers = 0
for i = 1, n_arrivals do
  local jti, session, member, seat, jti_ttl_ms, generation, _, sid = arrival(i)
  if sid ~= '' and redis.call('ZSCORE', ended, sid) then return {'ended', i} end
  if jti_ttl_ms ~= '' and redis.call('EXISTS', jti) == 1 then return {'spent', i} end
  if generation ~= '' and tonumber(redis.call('GET', session) or 0) > tonumber(generation) then return {'stale', i} end
  local present = redis.call('HEXISTS', members, member) == 1
  if present ~= (seat == 'old') then return {'conflict'} end
  if not present then newcomers = newcomers + 1 end
  if seat == 'new' and redis.call('HLEN', members) + newcomers > tonumber(have[9]) then return {'full', i} end
end
for i = 1, n_arrivals do
  local jti, session, member, _, jti_ttl_ms, generation, session_ttl_ms = arrival(i)
  if jti_ttl_ms ~= '' then redis.call('SET', jti, '1', 'PX', jti_ttl_ms) end
  if generation ~= '' then redis.call('SET', session, generation, 'PX', session_ttl_ms) end
  local nodes = redis.call('HGET', presence, member) or ','
  if not string.find(nodes, ',' .. node .. ',', 1, true) then
    redis.call('HSET', presence, member, nodes .. node .. ',')
  end
  redis.call('SADD', node_rooms, room_id .. ' ' .. member)
end

if op == 'depart' then
  -- op_arg is the node whose connection ended: this one, or one whose lease ran out; '*' ends them all.
  local nodes = redis.call('HGET', presence, op_member) or ','
  local from, to = string.find(nodes, ',' .. op_arg .. ',', 1, true)
  if op_arg == '*' then
    nodes = ','
  elseif from then
    nodes = string.sub(nodes, 1, from) .. string.sub(nodes, to + 1)
  end
  redis.call('SREM', node_rooms, room_id .. ' ' .. op_member)
  if nodes ~= ',' then
    redis.call('HSET', presence, op_member, nodes)
    return {'connected'}
  end
  redis.call('HDEL', presence, op_member)
end

local last_seq, seq, hash = tonumber(have[2]), tonumber(have[2]), have[3]
local reply = {'ok', seq + 1, hash}
local lines, fields = {}, {}

local function blank_line(id, body)
  local written = redis.call('ZSCORE', chat, id)
  if not written then return end
  local index = tonumber(written) - last_seq - 1
  local line = redis.call('LINDEX', log, index)
  if not line or not string.find(line, '"id":"' .. id .. '"', 1, true) then return end
  local _, to = string.find(line, '"hash":"%x*",')
  redis.call('LSET', log, index, string.sub(line, 1, to) .. body)
end

local function blank_edits(id, body)
  for i, line in ipairs(redis.call('LRANGE', log, 0, -1)) do
    if string.find(line, '"type":"message_edited"', 1, true) and string.find(line, '"message_id":"' .. id .. '"', 1, true) then
      local _, to = string.find(line, '"hash":"%x*",')
      redis.call('LSET', log, i - 1, string.sub(line, 1, to) .. body)
    end
  end
end

local function set(name, value)
  fields[#fields + 1] = name
  fields[#fields + 1] = value
end

local function write(kind, key, value)
  if kind == 'section' then
    set(key, value)
    set(key .. '_hash', hash)
  elseif kind == 'message' then
    redis.call('ZADD', chat, seq, key)
    redis.call('HSET', texts, key, value)
    local too_many = redis.call('ZCARD', chat) - CHAT_KEPT
    if too_many > 0 then
      local oldest = redis.call('ZPOPMIN', chat, too_many)
      for i = 1, #oldest, 2 do redis.call('HDEL', texts, oldest[i]) end
    end
  elseif kind == 'touched' then
    set(key .. '_hash', hash)
  elseif kind == 'field' then
    set(key, value)
  elseif kind == 'changed_member' or (kind == 'member' and value ~= '') then
    redis.call('HSET', members, key, value)
  elseif kind == 'member' then
    redis.call('HDEL', members, key)
  elseif kind == 'rewritten' or kind == 'edited' then
    if redis.call('HEXISTS', texts, key) == 1 then redis.call('HSET', texts, key, value) end
  elseif kind == 'blanked_line' then
    blank_line(key, value)
  elseif kind == 'blanked_edits' then
    blank_edits(key, value)
  else
    error('no such kind of write: ' .. kind)
  end
end

for _, first in ipairs(events) do
  local body, journal_type = ARGV[first], ARGV[first + 1]
  seq = seq + 1
  hash = string.sub(redis.sha1hex(hash .. body), 1, 16)
  reply[#reply + 1] = hash
  lines[#lines + 1] = '{"epoch":' .. epoch .. ',"seq":' .. string.format('%d', seq) .. ',"hash":"' .. hash .. '",' .. body
  for i = first + 4, first + 3 + 3 * ARGV[first + 3], 3 do write(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
  -- A full journal still takes visits and what was decided about people: they are few, and nothing else tells the
  -- archive. It does without playback rather than without those.
  if journal_type ~= '' and not (journal_full and journal_type == PLAYBACK_CHANGED) then
    local data = ARGV[first + 2]
    redis.call('XADD', journal, '*', 'room', room_id, 'epoch', epoch, 'seq', string.format('%d', seq),
      'type', journal_type, 'data', data ~= '' and data or '{' .. body)
  end
end

for i = 1, n_commands do redis.call('HSET', done, ARGV[8 + i], string.format('%d', seq)) end
if n_commands > 0 and have[10] ~= bucket_name then
  redis.call('PEXPIRE', done, 2 * COMMANDS_KEPT_MS, 'NX')
  set('commands', bucket_name)
end

if #events > 0 then
  if redis.call('RPUSH', log, unpack(lines)) >= LOG_KEPT + LOG_OVER then redis.call('LTRIM', log, -LOG_KEPT, -1) end
  redis.call('HSET', room, 'seq', string.format('%d', seq), 'hash', hash, unpack(fields))
  local n = redis.call('HINCRBY', head, 'n', 1)
  redis.call('HSET', head, 'hash', hash)
  redis.call('SPUBLISH', channel, string.format('%d', n) .. ' ' .. hash .. ' ' .. node .. ' ' .. room_id .. ' ' .. epoch .. ' '
    .. string.format('%d', last_seq + 1) .. ' ' .. reply[3] .. '\n' .. table.concat(lines, '\n'))
end

if op == 'close' then
  redis.call('HSET', room, 'closed', op_arg)
  redis.call('SET', closed, op_arg, 'PX', TOMBSTONE_MS)
  -- Nodes that missed the notification still read the last events from the log.
  for _, key in ipairs({room, members, log, chat, texts, presence, done, done_before}) do
    redis.call('PEXPIRE', key, 3600000)
  end
end
return reply
