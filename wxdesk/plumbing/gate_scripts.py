"""What Redis runs to decide about limits, entries and codes (plumbing/gates.py), in Lua."""

from __future__ import annotations

MINUTE_SECONDS = 120

# Says what somebody gets who wants in, and the code that goes with it (their last, if they are in).
# `it`: most entries of a person (0: any number), total or nil, has_codes. A mark names the push, so
# that none counts twice: one that has entered is "known".
ENTER = """
local function enter(state, entered, codes, given, who, mark, it)
  if redis.call('HEXISTS', state, 'lease') == 0 then return 'pending', '' end
  local marks = redis.call('HGET', entered, who)
  if marks then
    if string.find(',' .. marks .. ',', ',' .. mark .. ',', 1, true) then return 'known', '' end
    local _, commas = string.gsub(marks, ',', '')
    if it.most > 0 and commas + 1 >= it.most then
      return 'already', redis.call('HGET', given, who) or ''
    end
  end
  if it.total and tonumber(redis.call('HGET', state, 'total') or '0') >= it.total then
    return 'sold_out', ''
  end
  local code = ''
  if it.has_codes then
    code = redis.call('LPOP', codes)
    if not code then
      return redis.call('HGET', state, 'more') == '1' and 'pending' or 'sold_out', ''
    end
    redis.call('HSET', given, who, code)
  end
  redis.call('HSET', entered, who, marks and marks .. ',' .. mark or mark)
  redis.call('HINCRBY', state, 'total', 1)
  return 'entered', code
end
"""

# Says whether a rule has answered often enough, or "unknown" while nobody knows how often; if not,
# this answer is counted.
LIMIT = f"""
local function is_over(totals, people, minute, who, it)
  if it.known and redis.call('HGET', totals, 'known') ~= it.known then return 'unknown' end
  local by = false
  if it.person then
    if it.seconds then by = redis.call('GET', people) else by = redis.call('HGET', people, who) end
    if tonumber(by or '0') >= it.person then return true end
  end
  if it.all and tonumber(redis.call('HGET', totals, 'total') or '0') >= it.all then return true end
  if it.minute and tonumber(redis.call('GET', minute) or '0') >= it.minute then return true end
  if it.person then
    if it.seconds then
      if redis.call('INCR', people) == 1 then redis.call('EXPIRE', people, it.seconds) end
    else
      redis.call('HINCRBY', people, who, 1)
    end
  end
  if it.all then redis.call('HINCRBY', totals, 'total', 1) end
  if it.minute and redis.call('INCR', minute) == 1 then
    redis.call('EXPIRE', minute, {MINUTE_SECONDS})
  end
  return false
end
"""

# The answer, and whether the message goes to a person as if there was no rule.
DECIDE = (
    ENTER
    + LIMIT
    + """
local function decide(gate, first)
  local who = gate.who
  local over = gate.limits
    and is_over(KEYS[first], KEYS[first + 1], KEYS[first + 2], who, gate.limits)
  if over then
    if over == 'unknown' or not gate.over then return '', true end
    return gate.over, false
  end
  if not gate.entry then return ARGV[4], false end
  local outcome, code = enter(KEYS[first + 3], KEYS[first + 4], KEYS[first + 5], KEYS[first + 6],
                              who, gate.mark, gate.entry)
  local answer = gate.answers[outcome]
  if not answer or outcome == 'pending' then return gate.answers.pending, false end
  code = string.gsub(code, '%%', '%%%%')
  answer = string.gsub(answer, '{{code}}', code)
  return answer, false
end
"""
)
GATE_KEYS = 7  # of DECIDE

# KEYS: state, entered, codes, given, decided.
# ARGV: who, mark, most, total ("" for none), has codes.
SETTLE = (
    ENTER
    + """
local before = redis.call('HGET', KEYS[5], ARGV[2])
if before then
  local outcome, code = string.match(before, '^(%S+) ?(.*)$')
  return {outcome, code}
end
local it = {most = tonumber(ARGV[3]), total = tonumber(ARGV[4]), has_codes = ARGV[5] == '1'}
local outcome, code = enter(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2], it)
if outcome == 'known' then outcome = 'already' end
if outcome ~= 'pending' then
  redis.call('HSET', KEYS[5], ARGV[2], outcome .. ' ' .. code)
end
return {outcome, code}
"""
)
# KEYS: state, codes, pushed. ARGV: lease, batch, the codes.
PUSH = """
if redis.call('HGET', KEYS[1], 'lease') ~= ARGV[1] then return 0 end
if redis.call('SADD', KEYS[3], ARGV[2]) == 0 then return 0 end
redis.call('RPUSH', KEYS[2], unpack(ARGV, 3))
return 1
"""
# KEYS: state, entered, codes, pushed, decided, given, and what was built: entered, given.
# ARGV: lease, total.
OPEN = """
if redis.call('HEXISTS', KEYS[1], 'lease') == 1 then
  redis.call('DEL', KEYS[7], KEYS[8])
  return 0
end
for number = 1, 6 do redis.call('DEL', KEYS[number]) end
if redis.call('EXISTS', KEYS[7]) == 1 then
  redis.call('RENAME', KEYS[7], KEYS[2])
  redis.call('PERSIST', KEYS[2])
end
if redis.call('EXISTS', KEYS[8]) == 1 then
  redis.call('RENAME', KEYS[8], KEYS[6])
  redis.call('PERSIST', KEYS[6])
end
redis.call('HSET', KEYS[1], 'lease', ARGV[1], 'total', ARGV[2], 'more', '1')
return 1
"""
# KEYS: state. ARGV: lease, whether the database has more codes.
SAY_MORE = """
if redis.call('HGET', KEYS[1], 'lease') ~= ARGV[1] then return 0 end
return redis.call('HSET', KEYS[1], 'more', ARGV[2])
"""
# KEYS: codes, where they are put aside.
PUT_ASIDE = """
while redis.call('LMOVE', KEYS[1], KEYS[2], 'LEFT', 'RIGHT') do end
return 1
"""
# KEYS: a rule's totals, its people, and what was counted of them. ARGV: total, what it counts.
OPEN_RULE = """
if redis.call('HGET', KEYS[1], 'known') == ARGV[2] then
  redis.call('DEL', KEYS[3])
  return 0
end
redis.call('DEL', KEYS[1], KEYS[2])
if redis.call('EXISTS', KEYS[3]) == 1 then
  redis.call('RENAME', KEYS[3], KEYS[2])
  redis.call('PERSIST', KEYS[2])
end
redis.call('HSET', KEYS[1], 'total', ARGV[1], 'known', ARGV[2])
return 1
"""
