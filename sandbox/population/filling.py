"""A population into an empty store: customers in chunks, large numbers of them by two processes.

Enters: a store and a `Population`. Leaves: a filled store. Chunks are joined in order, so the
bytes are the same however many processes work; few wait at a time, so memory stays flat.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache, partial
from itertools import islice
from multiprocessing import get_context

from sandbox import clock
from sandbox.population.business import Population, customers, wares
from sandbox.population.catalogue import DELETED_COUPON
from sandbox.population.life import DAY, HOUR
from sandbox.population.people import identity
from sandbox.shapes import Json
from sandbox.storage.batches import Batch, Pack, batch
from sandbox.storage.packing import Packing, dictionary
from sandbox.storage.rows import row
from sandbox.storage.store import Store

CHUNK = 250  # customers
LARGE = 20_000  # customers from which on processes are worth their start
WORKERS, WAITING = 2, 4
DELETED_EVERY = 400  # one customer in so many was deleted
Progress = Callable[[int, int], None]
PACKED = 1000  # customers from which on texts are packed, by what so many of them have in common
SAMPLE = 100
Chunk = tuple[Batch, Counter[str]]


def fill(
    store: Store, population: Population, progress: Progress = lambda _done, _all: None
) -> None:
    """Load an empty store with a population; some customers and a coupon are deleted at its end."""
    shared = _shared(population)
    store.load_batches(_batches(population, shared, progress), shared)
    if population.customers:
        store.delete("coupon", DELETED_COUPON, now=population.now - 9 * DAY)
    for number in range(DELETED_EVERY // 2, population.customers, DELETED_EVERY):
        gone = f"cus_{identity(population.seed, 'customer', number)}"
        store.delete("customer", gone, now=population.now - number % HOUR)
    store.note("population", population.name)
    clock.put(store, population.now)


def generate(population: Population) -> Iterator[Json]:
    """Every object and event that is loaded."""
    redeemed: Counter[str] = Counter()
    yield from customers(population, range(population.customers), redeemed)
    yield from wares(population, redeemed)


def _shared(population: Population) -> bytes | None:
    """The dictionary: customers of all times, so that it fits every object."""
    if population.customers < PACKED:
        return None
    chosen = range(0, population.customers, population.customers // SAMPLE)
    return dictionary([row(obj).text for obj in customers(population, chosen, Counter())])


def _batches(population: Population, shared: bytes | None, progress: Progress) -> Iterator[Batch]:
    count = population.customers
    spans = [range(start, min(count, start + CHUNK)) for start in range(0, count, CHUNK)]
    redeemed: Counter[str] = Counter()
    for span, (made, used) in zip(spans, _chunks(population, shared, spans), strict=True):
        yield made
        redeemed.update(used)
        progress(span.stop, count)
    yield batch(wares(population, redeemed), _pack(shared))


def _chunks(population: Population, shared: bytes | None, spans: list[range]) -> Iterator[Chunk]:
    work = partial(_chunk, population, shared)
    if population.customers < LARGE:
        yield from map(work, spans)
        return
    left = iter(spans)
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        waiting: deque[Future[Chunk]] = deque(
            pool.submit(work, span) for span in islice(left, WAITING)
        )
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(work, span) for span in islice(left, 1))


def _chunk(population: Population, shared: bytes | None, span: range) -> Chunk:
    redeemed: Counter[str] = Counter()
    return batch(customers(population, span, redeemed), _pack(shared)), redeemed


@cache
def _pack(shared: bytes | None) -> Pack:
    return Packing(shared).pack if shared else bytes
