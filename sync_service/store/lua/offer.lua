-- Bring back a room that the store has lost: nodes offer their replicas, the newest wins, window_ms after the first.
--
-- KEYS  room, members, chat, texts, presence, closed, restoring, offered members, offered chat, offered texts, nodes,
--       node (members connected to it)
-- ARGV  epoch, seq, window_ms, lease_ms, room_id, stand-in node, playback, rights, meta, members, capacity,
--       hash, n_members, then id and value of each, then the messages as score, id and value
-- Returns {'live'}, {'closed', reason} or {'wait', ms}.
local room, members, chat, texts, presence, closed = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local restoring, offered_members, offered_chat, offered_texts = KEYS[7], KEYS[8], KEYS[9], KEYS[10]
if redis.call('EXISTS', room) == 1 then return {'live'} end
local reason = redis.call('GET', closed)
if reason then return {'closed', reason} end

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local epoch, seq = tonumber(ARGV[1]), tonumber(ARGV[2])
local have = redis.call('HMGET', restoring, 'until', 'epoch', 'seq')
local until_ms = tonumber(have[1] or now_ms + ARGV[3])
if not have[1] then
  redis.call('HSET', restoring, 'until', string.format('%d', until_ms))
  redis.call('PEXPIRE', restoring, 60000)
end
local best_epoch, best_seq = tonumber(have[2] or -1), tonumber(have[3] or -1)
if epoch > best_epoch or (epoch == best_epoch and seq > best_seq) then
  redis.call('HSET', restoring, 'epoch', ARGV[1], 'seq', ARGV[2], 'playback', ARGV[7], 'rights', ARGV[8], 'meta', ARGV[9],
    'members', ARGV[10], 'capacity', ARGV[11], 'hash', ARGV[12])
  redis.call('DEL', offered_members, offered_chat, offered_texts)
  local n_members = tonumber(ARGV[13])
  for i = 14, 13 + 2 * n_members, 2 do redis.call('HSET', offered_members, ARGV[i], ARGV[i + 1]) end
  for i = 14 + 2 * n_members, #ARGV, 3 do
    redis.call('ZADD', offered_chat, ARGV[i], ARGV[i + 1])
    redis.call('HSET', offered_texts, ARGV[i + 1], ARGV[i + 2])
  end
  for _, key in ipairs({offered_members, offered_chat, offered_texts}) do redis.call('PEXPIRE', key, 60000) end
end
if now_ms < until_ms then return {'wait', until_ms - now_ms} end

local best = redis.call('HMGET', restoring, 'epoch', 'seq', 'playback', 'rights', 'meta', 'members', 'capacity', 'hash')
local hash = best[8]
redis.call('HSET', room, 'epoch', string.format('%d', best[1] + 1), 'seq', best[2], 'hash', hash,
  'playback', best[3], 'playback_hash', hash, 'rights', best[4], 'rights_hash', hash, 'meta', best[5], 'meta_hash', hash,
  'members', best[6], 'members_hash', hash, 'capacity', best[7])
redis.call('DEL', restoring)
local function take(offered, key)
  if redis.call('EXISTS', offered) == 0 then return false end
  redis.call('RENAME', offered, key)
  redis.call('PERSIST', key)
  return true
end
take(offered_chat, chat)
take(offered_texts, texts)
if take(offered_members, members) then
  -- Nodes claim the members who are connected to them. Until then a stand-in counts as a node of them all; when its
  -- lease runs out, those whom no node has claimed leave.
  for _, member in ipairs(redis.call('HKEYS', members)) do
    redis.call('HSET', presence, member, ',' .. ARGV[6] .. ',')
    redis.call('SADD', KEYS[12], ARGV[5] .. ' ' .. member)
  end
  redis.call('ZADD', KEYS[11], string.format('%d', now_ms + ARGV[4]), ARGV[6])
end
return {'live'}
