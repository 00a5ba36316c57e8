-- Messages of a room's chat that came before one of them, or the last ones.
-- KEYS  chat, texts
-- ARGV  id before which to look ('' = from the end), how many
-- Returns {'ok', '1' if there are older ones else '0', message, ...} oldest first, or {'unknown'} (there is no such id).
local below = '+inf'
if ARGV[1] ~= '' then
  local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
  if not score then return {'unknown'} end
  below = '(' .. score
end
local wanted = tonumber(ARGV[2])
local ids = redis.call('ZREVRANGEBYSCORE', KEYS[1], below, '-inf', 'LIMIT', 0, wanted + 1)
local reply = {'ok', #ids > wanted and '1' or '0'}
for i = math.min(#ids, wanted), 1, -1 do reply[#reply + 1] = redis.call('HGET', KEYS[2], ids[i]) end
return reply
