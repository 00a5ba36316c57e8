-- What happened after (epoch, seq, hash): the exact suffix of the log, or why there is none.
-- KEYS  room, log, closed
-- ARGV  epoch, seq, hash
-- Returns {'ok', event, ...}, {'trimmed'} (too long ago), {'epoch'} (another one has begun), {'fork'} (that is not this
-- epoch's history), {'missing'} or {'closed', reason}.
local have = redis.call('HMGET', KEYS[1], 'epoch', 'seq', 'hash')
if not have[1] then
  local reason = redis.call('GET', KEYS[3])
  if reason then return {'closed', reason} end
  return {'missing'}
end
if have[1] ~= ARGV[1] then return {'epoch'} end
local behind = tonumber(have[2]) - tonumber(ARGV[2])
if behind < 0 then return {'fork'} end
if behind == 0 then
  if have[3] == ARGV[3] then return {'ok'} end
  return {'fork'}
end
local events = redis.call('LRANGE', KEYS[2], -behind - 1, -1)
if #events <= behind then return {'trimmed'} end
if not string.find(string.sub(events[1], 1, 100), '"hash":"' .. ARGV[3] .. '"', 1, true) then return {'fork'} end
events[1] = 'ok'
return events
