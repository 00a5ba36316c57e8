-- A room whole, at one moment.
-- KEYS  room, members, chat, texts, closed
-- ARGV  messages wanted
-- Returns {'ok', {field, value, ...}, {id, member, ...}, {message, ...}}, {'missing'} or {'closed', reason}.
local fields = redis.call('HGETALL', KEYS[1])
if #fields == 0 then
  local reason = redis.call('GET', KEYS[5])
  if reason then return {'closed', reason} end
  return {'missing'}
end
local ids = redis.call('ZRANGE', KEYS[3], -ARGV[1], -1)
local messages = #ids > 0 and redis.call('HMGET', KEYS[4], unpack(ids)) or {}
return {'ok', fields, redis.call('HGETALL', KEYS[2]), messages}
