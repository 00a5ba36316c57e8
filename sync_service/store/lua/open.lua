-- Create a live room unless it is there or closed.
-- KEYS  room, closed
-- ARGV  epoch, seq, hash, playback, rights, meta, members, capacity
-- Returns {'ok'}, {'exists'} or {'closed', reason}.
local reason = redis.call('GET', KEYS[2])
if reason then return {'closed', reason} end
if redis.call('EXISTS', KEYS[1]) == 1 then return {'exists'} end
local hash = ARGV[3]
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'seq', ARGV[2], 'hash', hash, 'playback', ARGV[4], 'playback_hash', hash,
  'rights', ARGV[5], 'rights_hash', hash, 'meta', ARGV[6], 'meta_hash', hash, 'members', ARGV[7], 'members_hash', hash,
  'capacity', ARGV[8])
return {'ok'}
