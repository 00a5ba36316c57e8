-- Renew a node's lease on a partition, find the nodes whose lease ran out, and the sessions that were ended lately.
-- KEYS  nodes (node -> the moment its lease ends), swept, ended
-- ARGV  node ('' = does not serve this partition), lease_ms, stale_ms, since_ms (of the sessions)
-- Returns the expired nodes, each with the moment of its last renewal, {node, renewed_ms, ...}; the sessions that
-- were ended since; and the present moment.
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[1] ~= '' then redis.call('ZADD', KEYS[1], string.format('%d', now_ms + ARGV[2]), ARGV[1]) end
local swept_ms = tonumber(redis.call('GET', KEYS[2]) or 0)
local leases = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local ended = redis.call('ZRANGEBYSCORE', KEYS[3], ARGV[4], '+inf')
if #leases == 0 then return {{}, ended, now_ms} end
redis.call('SET', KEYS[2], string.format('%d', now_ms))
local expired = {}
for i = 1, #leases, 2 do
  if tonumber(leases[i + 1]) < now_ms then
    if now_ms - swept_ms > tonumber(ARGV[3]) then
      -- Nobody looked for a while (the store was away, or every node): no lease could be renewed, so each gets one more.
      redis.call('ZADD', KEYS[1], string.format('%d', now_ms + ARGV[2]), leases[i])
    else
      expired[#expired + 1] = leases[i]
      expired[#expired + 1] = string.format('%d', leases[i + 1] - ARGV[2])
    end
  end
end
return {expired, ended, now_ms}
