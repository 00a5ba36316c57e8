-- Make a room live again that was closed, or that the store does not have; its chat stays as long as the store has it.
-- KEYS  room, closed, members, log, presence, chat, texts, lifecycle
-- ARGV  epoch, seq, hash, playback, rights, meta, members, capacity, version
-- Returns {'ok'}, {'exists'} where the room is live, or {'outdated'} where the API has closed it since (lifecycle.lua).
if tonumber(redis.call('GET', KEYS[8]) or 0) > tonumber(ARGV[9]) then return {'outdated'} end
local have = redis.call('HMGET', KEYS[1], 'epoch', 'closed')
if have[1] and not have[2] then return {'exists'} end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
local hash = ARGV[3]
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'seq', ARGV[2], 'hash', hash, 'playback', ARGV[4], 'playback_hash', hash,
  'rights', ARGV[5], 'rights_hash', hash, 'meta', ARGV[6], 'meta_hash', hash, 'members', ARGV[7], 'members_hash', hash,
  'capacity', ARGV[8])
redis.call('PERSIST', KEYS[6])
redis.call('PERSIST', KEYS[7])
return {'ok'}
