-- Add an entry to a partition's journal that no step of a room has made, unless the journal is full: what such entries
-- say is worth less than the visits that would lack the room.
-- KEYS  journal
-- ARGV  journal_bound, then the entry's fields and values
-- Returns the entry's id, or nil.
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) then return nil end
return redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2))
