-- Begin a new epoch of a room whose past was rewritten (an account was deleted): the log of the old one goes, so that
-- every node and every client takes the room whole, and the nodes are told at once.
-- KEYS  room, members, log, chat texts, head, channel
-- ARGV  "epoch" and the hashes expected of playback, rights, meta, members, separated by spaces,
--       node, room_id, the hash to begin with, playback, rights, meta, members (sections),
--       n_members, then for each: id, JSON,
--       then for each message that is rewritten: id, JSON
-- Returns {'ok'} or {'conflict'} (read the room again), {'missing'}, {'closed'}.
local room, members, log, texts, head, channel = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local node, room_id, hash = ARGV[2], ARGV[3], ARGV[4]
local have = redis.call('HMGET', room, 'epoch', 'playback_hash', 'rights_hash', 'meta_hash', 'members_hash', 'seq', 'closed')
if not have[1] then return {'missing'} end
if have[7] then return {'closed'} end
if table.concat(have, ' ', 1, 5) ~= ARGV[1] then return {'conflict'} end

local epoch = string.format('%d', have[1] + 1)
redis.call('HSET', room, 'epoch', epoch, 'playback', ARGV[5], 'rights', ARGV[6], 'meta', ARGV[7], 'members', ARGV[8])
for _, field in ipairs({'hash', 'playback_hash', 'rights_hash', 'meta_hash', 'members_hash'}) do
  redis.call('HSET', room, field, hash)
end
local last_member = 9 + 2 * ARGV[9]
redis.call('DEL', members, log)
for i = 10, last_member, 2 do redis.call('HSET', members, ARGV[i], ARGV[i + 1]) end
for i = last_member + 1, #ARGV, 2 do
  -- The oldest messages may have made room for new ones meanwhile.
  if redis.call('HEXISTS', texts, ARGV[i]) == 1 then redis.call('HSET', texts, ARGV[i], ARGV[i + 1]) end
end

-- A notification without events: nodes of the old epoch read the room, as after any history that is not theirs.
local n = redis.call('HINCRBY', head, 'n', 1)
redis.call('HSET', head, 'hash', hash)
redis.call('SPUBLISH', channel, string.format('%d', n) .. ' ' .. hash .. ' ' .. node .. ' ' .. room_id .. ' ' .. epoch .. ' '
  .. have[6] .. ' ' .. hash .. '\n')
return {'ok'}
