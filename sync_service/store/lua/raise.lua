-- Begin a new epoch above the one that a node knows, because the store has lost events that this node had delivered (a
-- failover to a server that lagged, a room brought back from an older replica): what survived in the store is the room's
-- history from here on. The first of many nodes does it; a store whose epoch is above already stays as it is.
-- KEYS  room, log
-- ARGV  the epoch that the node knows, the hash to begin with
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch and tonumber(epoch) <= tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'epoch', string.format('%d', ARGV[1] + 1))
  for _, field in ipairs({'hash', 'playback_hash', 'rights_hash', 'meta_hash', 'members_hash'}) do
    redis.call('HSET', KEYS[1], field, ARGV[2])
  end
  redis.call('DEL', KEYS[2])
end
return {'ok'}
