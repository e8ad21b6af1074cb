"""Failure counters on a Redis or Valkey server: one Lua script a call, so that all processes count as one."""

from __future__ import annotations

import os
from collections.abc import Iterable

from authwhy.stores.interface import HELD_S, Claim, Counter, Full, Held, Window
from authwhy.stores.redis import RedisServer

# The rules of memory_failures, entry for entry. A counter is one value: failures, open reservations, level, until.
# A script may run twice for one call (its answer was lost), so each finds its own reservation done and is content.
_RULES = """
local id, now, per, delay, longest, held =
  ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local function without(list, gone, oldest)
  local kept = {}
  for _, entry in ipairs(list) do
    if not gone[entry[1]] and entry[2] > oldest then kept[#kept + 1] = entry end
  end
  return kept
end
local function read(key)
  local packed = redis.call('GET', key)
  local one = packed and cmsgpack.unpack(packed) or {f = {}, o = {}, l = 0, u = 0}
  one.f, one.o = without(one.f, {}, now - per), without(one.o, {}, now - held)
  if now >= one.u + per then one.l = 0 end
  return one
end
local function write(key, one)
  local stale = one.l > 0 and one.u + per or 0
  for _, entry in ipairs(one.f) do stale = math.max(stale, entry[2] + per) end
  for _, entry in ipairs(one.o) do stale = math.max(stale, entry[2] + held) end
  if stale <= now then
    redis.call('DEL', key)
  else
    redis.call('SET', key, cmsgpack.pack(one), 'PX', math.ceil((stale - now) * 1000))
  end
end
"""
# Last key: the mark of a known pair. The counters' limits follow the common arguments, the pair's last.
_RESERVE = """
local first, last = 1, #KEYS - 1
local known = ARGV[7] == '1' and tonumber(redis.call('GET', KEYS[#KEYS]) or 0) > now
if known then first = last end
local counts, full, wait, busy = {}, 0, 0, true
for i = first, last do
  local one = read(KEYS[i])
  one.o = without(one.o, {[id] = true}, 0)
  counts[i] = one
  local shut, for_now, others = false, 1, true
  if one.l > 0 and now < one.u then
    shut, for_now, others = true, one.u - now, false
  elseif one.l > 0 then
    shut = #one.o > 0
  else
    shut = #one.f + #one.o >= tonumber(ARGV[7 + i])
  end
  if shut and (full == 0 or (busy and not others) or (busy == others and for_now > wait)) then
    full, wait, busy = i, for_now, others
  end
end
if full > 0 then return {full, tostring(wait), busy and 1 or 0} end
for i = first, last do
  local one = counts[i]
  one.o[#one.o + 1] = {id, now}
  write(KEYS[i], one)
end
return {0, known and 1 or 0}"""
_FAIL = """
local locked = {}
for i, key in ipairs(KEYS) do
  local one = read(key)
  local before = #one.f
  one.o, one.f = without(one.o, {[id] = true}, 0), without(one.f, {[id] = true}, 0)
  local again = #one.f < before
  one.f[#one.f + 1] = {id, now}
  if not again and (one.l > 0 or #one.f >= tonumber(ARGV[6 + i])) then
    one.u = now + math.min(delay * 2 ^ one.l, longest)
    one.l = math.min(one.l + 1, 1000)
    locked[#locked + 1] = i
  end
  write(key, one)
end
return locked"""
_RELEASE = """
for _, key in ipairs(KEYS) do
  local one = read(key)
  one.o = without(one.o, {[id] = true}, 0)
  write(key, one)
end"""
# Keys: the shared counters, the pair's, the mark.
_FORGIVE = """
local gone = {[id] = true}
for _, entry in ipairs(read(KEYS[#KEYS - 1]).f) do gone[entry[1]] = true end
for i = 1, #KEYS - 1 do
  local one = read(KEYS[i])
  local before = #one.f
  one.o, one.f = without(one.o, {[id] = true}, 0), without(one.f, gone, 0)
  if before > 0 and #one.f == 0 then one.l = 0 end
  write(KEYS[i], one)
end
redis.call('SET', KEYS[#KEYS], ARGV[7], 'PX', math.max(1, math.ceil((tonumber(ARGV[7]) - now) * 1000)))"""
_CLEAR = """
local found = 0
for _, key in ipairs(KEYS) do found = found + redis.call('DEL', key) end
return found"""


class RedisFailures:
    """Counts for every process that uses this server; entries leave it by themselves when they no longer matter."""

    blocking = True

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        scripts = (server.script(_RULES + text) for text in (_RESERVE, _FAIL, _RELEASE, _FORGIVE))
        self._reserve, self._fail, self._release, self._forgive = scripts
        self._clear = server.script(_CLEAR)

    def reserve(self, claim: Claim, now: float) -> Held | Full:
        """Take a place in every counter at once, or in none. Of several full counters the longest wait is told."""
        ticket = os.urandom(9).hex()
        counters = claim.counters
        keys = [*self._keys(counters), self._mark(claim.own)]
        limits = [counter.limit for counter in counters]
        answer = self._reserve(keys, [*_common(ticket, now, claim.window), int(claim.own is not None), *limits])
        if answer[0]:
            return Full(counters[answer[0] - 1].scope, float(answer[1]), bool(answer[2]))
        return Held(claim, ticket, bool(answer[1]))

    def fail(self, held: Held, now: float) -> tuple[str, ...]:
        """Count it. Returns the scopes that this failure locked."""
        counters = held.counters
        limits = [counter.limit for counter in counters]
        locked = self._fail(self._keys(counters), [*_common(held.id, now, held.claim.window), *limits])
        return tuple(counters[place - 1].scope for place in locked)

    def release(self, held: Held, now: float) -> None:
        """Give the place back."""
        self._release(self._keys(held.counters), _common(held.id, now, held.claim.window))

    def forgive(self, held: Held, known_until: float, now: float) -> None:
        """The pair's failures leave every counter; the pair is known from now on."""
        if held.claim.own is None:
            self.release(held, now)
            return
        keys = [*self._keys(held.claim.counters), self._mark(held.claim.own)]
        self._forgive(keys, [*_common(held.id, now, held.claim.window), repr(float(known_until))])

    def clear(self, counters: tuple[Counter, ...]) -> bool:
        """Forget all that stands in these counters. False when nothing did."""
        return bool(self._clear(self._keys(counters), []))

    def _keys(self, counters: Iterable[Counter]) -> list[bytes]:
        return [self._server.name("failures", counter.scope, counter.name) for counter in counters]

    def _mark(self, own: Counter | None) -> bytes:
        return self._server.name("known", own.name if own is not None else "")


def _common(ticket: str, now: float, window: Window) -> list[object]:
    return [ticket, repr(float(now)), window.per_s, window.delay_s, window.max_lock_s, HELD_S]
