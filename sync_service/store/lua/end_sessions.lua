-- Note sessions of the API as ended in this partition, where they let nobody in any more, and tell the nodes at once.
-- KEYS  ended (session -> the moment it was noted), channel
-- ARGV  kept_ms, then the sessions
-- What is older than kept_ms can be forgotten: no ticket and no resume token lives so long.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now_ms - ARGV[1]))
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], string.format('%d', now_ms), ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('SPUBLISH', KEYS[2], '-' .. table.concat(ARGV, ' ', 2))
return redis.status_reply('OK')
