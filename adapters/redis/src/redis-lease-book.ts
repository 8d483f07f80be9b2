import type { LeaseBook, LeaseTerms } from '@medrex/cache';
import type { RedisPool } from './redis-pool.ts';

/** `grantFor` of @medrex/cache as a script, so that it is atomic and uses the clock of Redis. */
const renewScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local wanted, inUse = tonumber(ARGV[2]), tonumber(ARGV[3])
local budget, instances, lease = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local own = math.floor(budget / instances)
local live, greedy, asked, reserved = 0, wanted > own and 1 or 0, math.min(wanted, own), 0
local quiet = {}
local book = redis.call('HGETALL', KEYS[1])
for place = 1, #book, 2 do
  if book[place] ~= ARGV[1] then
    local holder = cjson.decode(book[place + 1])
    if now < holder.untilMs then
      live = live + 1
      asked = asked + math.min(holder.wanted, own)
      if holder.wanted > own then greedy = greedy + 1 end
      reserved = reserved + math.max(holder.granted, holder.inUse)
    else
      quiet[#quiet + 1] = {book[place], math.max(own, math.min(holder.inUse, holder.granted))}
    end
  end
end
local silent = math.max(0, instances - 1 - live)
table.sort(quiet, function(one, other) return one[2] > other[2] end)
for place, holder in ipairs(quiet) do
  if place <= silent then reserved = reserved + holder[2] else redis.call('HDEL', KEYS[1], holder[1]) end
end
local left = budget - silent * own - asked
local fair = wanted
if wanted > own then fair = own + math.floor(math.max(0, left) / greedy) end
local free = budget - math.max(0, silent - #quiet) * own - reserved
local granted = math.max(0, math.min(wanted, fair, free))
local holder = {wanted = wanted, inUse = inUse, granted = granted, untilMs = now + lease}
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(holder))
redis.call('PEXPIRE', KEYS[1], 86400000)
return granted`;

/** The holders of a budget, in a hash in Redis. */
export class RedisLeaseBook implements LeaseBook {
  readonly #pool: RedisPool;
  readonly #key: string;

  /** @param key Redis key of the budget, the same for all instances that share it */
  constructor(pool: RedisPool, key: string) {
    this.#pool = pool;
    this.#key = key;
  }

  async renew(
    instance: string,
    { wanted, inUse }: { readonly wanted: number; readonly inUse: number },
    { budget, instances, leaseMs }: LeaseTerms,
  ): Promise<number> {
    const numbers = [wanted, inUse, budget, instances, leaseMs].map(String);
    return (await this.#pool.use((redis) => redis.eval(renewScript, 1, this.#key, instance, ...numbers))) as number;
  }

  async leave(instance: string): Promise<void> {
    await this.#pool.use((redis) => redis.hdel(this.#key, instance));
  }
}
