-- Whether a command was applied before (commit.lua keeps their ids in two buckets of time).
-- KEYS  room
-- ARGV  the command's key
-- Returns the seq that it was answered with, or nil. COMMANDS_KEPT_MS comes from scripts.py.
local time = redis.call('TIME')
local bucket = math.floor((time[1] * 1000 + math.floor(time[2] / 1000)) / COMMANDS_KEPT_MS)
for _, when in ipairs({bucket, bucket - 1}) do
  local seq = redis.call('HGET', KEYS[1] .. ':commands:' .. string.format('%d', when), ARGV[1])
  if seq then return seq end
end
return nil
