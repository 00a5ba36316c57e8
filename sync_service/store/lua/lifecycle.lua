-- Note that the API closed or reopened a room: of two such versions the higher one counts, whichever comes first.
-- A closed room that is missing leaves a tombstone, so that tickets in use do not open it.
-- KEYS  lifecycle, room, closed
-- ARGV  version, the reason of the closing ('' = reopened)
-- Returns {'outdated'} where a higher version was noted, else what the room is: {'live'}, {'closed'}, {'missing'}.
-- TOMBSTONE_MS comes from scripts.py.
if tonumber(redis.call('GET', KEYS[1]) or 0) > tonumber(ARGV[1]) then return {'outdated'} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', TOMBSTONE_MS)
local have = redis.call('HMGET', KEYS[2], 'epoch', 'closed')
if have[1] then return {have[2] and 'closed' or 'live'} end
if ARGV[2] ~= '' then redis.call('SET', KEYS[3], ARGV[2], 'PX', TOMBSTONE_MS) end
return {'missing'}
