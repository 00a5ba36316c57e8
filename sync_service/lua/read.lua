-- A room whole, at one moment.
-- KEYS  room, members, chat, closed
-- ARGV  messages wanted
-- Gives {'ok', {field, value, ...}, {id, member, ...}, {message, ...}}, {'missing'} or {'closed', reason}.
local fields = redis.call('HGETALL', KEYS[1])
if #fields == 0 then
  local reason = redis.call('GET', KEYS[4])
  if reason then return {'closed', reason} end
  return {'missing'}
end
return {'ok', fields, redis.call('HGETALL', KEYS[2]), redis.call('ZRANGE', KEYS[3], -ARGV[1], -1)}
