-- Begin a new epoch, once, because the store has lost events that a node had delivered (a failover to a replica that
-- lagged): what survived in the store is the room's history from here on.
-- KEYS  room, log
-- ARGV  epoch that is over, hash to begin with
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch == ARGV[1] then
  redis.call('HINCRBY', KEYS[1], 'epoch', 1)
  for _, field in ipairs({'hash', 'playback_hash', 'rights_hash', 'meta_hash', 'members_hash'}) do
    redis.call('HSET', KEYS[1], field, ARGV[2])
  end
  redis.call('DEL', KEYS[2])
end
return {'ok'}
