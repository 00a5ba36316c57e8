-- The oldest entries of a journal, if this node is or becomes the partition's relay.
-- KEYS  relay, journal
-- ARGV  node, lease_ms, count
-- Returns {{id, {field, value, ...}}, ...}, or {} to any other node.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return {} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', ARGV[3])
