-- One step of a room: every check first, then every write, then the bell. Nothing else changes a live room.
--
-- KEYS  room, members, log, chat, presence, closed, journal, head, channel, node (rooms this node holds), jti
-- ARGV  epoch, node, deadline_ms, hashes expected of playback, rights, meta, members ('' = was not read),
--       op ('', arrive, depart, close), op_member, op_arg (arrive: new|old; depart: the node; close: the reason),
--       journal_bound, jti_ttl_ms ('' = no ticket), room_id, n_commands, then each command's key,
--       then for each event: body (JSON without its brace), section, section_value, member, member_value, chat,
--       journal_type, journal_data
-- Gives {'ok', first_seq, prev_hash, hash...} or {why not, ...}.
local room, members, log, chat, presence, closed = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local journal, head, channel, node_rooms, jti = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local epoch, node, op, op_member, op_arg = ARGV[1], ARGV[2], ARGV[8], ARGV[9], ARGV[10]

local LOG_KEPT, CHAT_KEPT = 1000, 10000
local COMMANDS_KEPT_MS = 900000

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
if now_ms > tonumber(ARGV[3]) then return {'late'} end

local have = redis.call('HMGET', room, 'epoch', 'seq', 'hash', 'closed',
  'playback_hash', 'rights_hash', 'meta_hash', 'members_hash', 'capacity', 'members')
if have[4] then return {'closed', have[4]} end
if not have[1] then
  local reason = redis.call('GET', closed)
  if reason then return {'closed', reason} end
  return {'missing'}
end

-- Ids of commands live in two buckets of time: written to the present one, looked up in both.
local n_commands = tonumber(ARGV[14])
local bucket = math.floor(now_ms / COMMANDS_KEPT_MS)
local done = room .. ':commands:' .. string.format('%d', bucket)
local done_before = room .. ':commands:' .. string.format('%d', bucket - 1)
for i = 1, n_commands do
  local key = ARGV[14 + i]
  local answer = redis.call('HGET', done, key) or redis.call('HGET', done_before, key)
  if answer then return {'duplicate', key, answer} end
end

if have[1] ~= epoch then return {'conflict'} end
for i = 1, 4 do
  if ARGV[3 + i] ~= '' and ARGV[3 + i] ~= have[4 + i] then return {'conflict'} end
end

local first_event = 15 + n_commands
local n_events = (#ARGV - first_event + 1) / 8
local journal_full = redis.call('XLEN', journal) >= tonumber(ARGV[11])
if journal_full then
  for i = 0, n_events - 1 do
    if ARGV[first_event + i * 8 + 5] ~= '' then return {'archive_full'} end
  end
end

if op == 'arrive' then
  if ARGV[12] ~= '' and redis.call('EXISTS', jti) == 1 then return {'spent'} end
  local present = redis.call('HEXISTS', members, op_member) == 1
  if present ~= (op_arg == 'old') then return {'conflict'} end
  if not present and redis.call('HLEN', members) >= tonumber(have[9]) then return {'full'} end
  if ARGV[12] ~= '' then redis.call('SET', jti, '1', 'PX', ARGV[12]) end
  local nodes = redis.call('HGET', presence, op_member) or ','
  if not string.find(nodes, ',' .. node .. ',', 1, true) then
    redis.call('HSET', presence, op_member, nodes .. node .. ',')
  end
  redis.call('SADD', node_rooms, ARGV[13] .. ' ' .. op_member)
elseif op == 'depart' then
  -- op_arg is the node whose connection ended: this one, or one whose lease ran out; '*' ends them all.
  local nodes = redis.call('HGET', presence, op_member) or ','
  local from, to = string.find(nodes, ',' .. op_arg .. ',', 1, true)
  if op_arg == '*' then
    nodes = ','
  elseif from then
    nodes = string.sub(nodes, 1, from) .. string.sub(nodes, to + 1)
  end
  redis.call('SREM', node_rooms, ARGV[13] .. ' ' .. op_member)
  if nodes ~= ',' then
    redis.call('HSET', presence, op_member, nodes)
    return {'connected'}
  end
  redis.call('HDEL', presence, op_member)
end

local seq, hash = tonumber(have[2]), have[3]
local reply = {'ok', seq + 1, hash}
local lines, fields = {}, {}
for i = 0, n_events - 1 do
  local at = first_event + i * 8
  local body = ARGV[at]
  seq = seq + 1
  hash = string.sub(redis.sha1hex(hash .. body), 1, 16)
  reply[#reply + 1] = hash
  lines[#lines + 1] = '{"epoch":' .. epoch .. ',"seq":' .. string.format('%d', seq) .. ',"hash":"' .. hash .. '",' .. body
  if ARGV[at + 1] ~= '' then
    local section, value = ARGV[at + 1], ARGV[at + 2]
    if value ~= '' then
      -- The members section's own value is when the latest of those who left was last seen.
      if section == 'members' and tonumber(value) < tonumber(have[10]) then value = have[10] end
      have[10] = section == 'members' and value or have[10]
      fields[#fields + 1] = section
      fields[#fields + 1] = value
    end
    fields[#fields + 1] = section .. '_hash'
    fields[#fields + 1] = hash
  end
  if ARGV[at + 3] ~= '' then
    if ARGV[at + 4] == '' then
      redis.call('HDEL', members, ARGV[at + 3])
    else
      redis.call('HSET', members, ARGV[at + 3], ARGV[at + 4])
    end
  end
  if ARGV[at + 5] ~= '' then
    redis.call('ZADD', chat, seq, ARGV[at + 5])
    redis.call('ZREMRANGEBYRANK', chat, 0, -1 - CHAT_KEPT)
  end
  -- A full journal still takes visits: they are few, and nothing else says who was there. The archive does without
  -- playback rather than without those.
  if ARGV[at + 6] ~= '' and not (journal_full and ARGV[at + 6] == 'playback.changed.v1') then
    redis.call('XADD', journal, '*', 'room', ARGV[13], 'epoch', epoch, 'seq', string.format('%d', seq),
      'type', ARGV[at + 6], 'data', ARGV[at + 7])
  end
end

for i = 1, n_commands do redis.call('HSET', done, ARGV[14 + i], string.format('%d', seq)) end
if n_commands > 0 then redis.call('PEXPIRE', done, 2 * COMMANDS_KEPT_MS, 'NX') end

if n_events > 0 then
  redis.call('RPUSH', log, unpack(lines))
  redis.call('LTRIM', log, -LOG_KEPT, -1)
  redis.call('HSET', room, 'seq', string.format('%d', seq), 'hash', hash, unpack(fields))
  local n = redis.call('HINCRBY', head, 'n', 1)
  redis.call('HSET', head, 'hash', hash)
  redis.call('SPUBLISH', channel, string.format('%d', n) .. ' ' .. hash .. ' ' .. node .. ' ' .. ARGV[13] .. ' ' .. epoch .. ' '
    .. string.format('%d', seq - n_events + 1) .. ' ' .. reply[3] .. '\n' .. table.concat(lines, '\n'))
end

if op == 'close' then
  redis.call('HSET', room, 'closed', op_arg)
  redis.call('SET', closed, op_arg, 'PX', 86400000)
  -- Nodes that missed the bell still read the last events from the log.
  for _, key in ipairs({room, members, log, chat, presence, done, done_before}) do redis.call('PEXPIRE', key, 3600000) end
end
return reply
