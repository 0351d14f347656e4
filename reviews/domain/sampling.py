"""Which predictions people see whatever the rules say, by a keyed hash.

A draw depends on the key, the pipeline, the external id and what it is for, and on nothing else: it
can be made again by whoever holds the key, and nobody without it can choose an id that is spared.
"""

import hashlib

MONITOR, RANDOM_SLICE, BLIND_FIRST = "monitor", "random_slice", "blind_first"
RESOLUTION = 2.0**-53


def draw(key: bytes, pipeline: str, external_id: str, purpose: str) -> float:
    """Return a number in [0, 1), uniform over ids and independent between purposes.

    ValueError without a key: anyone could make the draw.
    """
    if not key:
        raise ValueError("Sampling needs a key.")
    message = f"{len(pipeline)}:{pipeline}:{purpose}:{external_id}".encode()
    code = hashlib.blake2b(message, key=key[:64], digest_size=8).digest()
    return (int.from_bytes(code, "big") >> 11) * RESOLUTION


def propensity(*, asked: bool, monitor_rate: float, random_slice: float) -> float:
    """Return the probability with which a prediction comes to people.

    1 where its tier asks for decisions, else 1 - (1 - monitor_rate)(1 - random_slice): the two
    samples are drawn independently.
    """
    return 1.0 if asked else 1 - (1 - monitor_rate) * (1 - random_slice)


def sample(
    key: bytes, pipeline: str, external_id: str, *, monitor_rate: float, random_slice: float
) -> str:
    """Return which sample a prediction falls into, the random slice first, or an empty string."""
    if random_slice and draw(key, pipeline, external_id, RANDOM_SLICE) < random_slice:
        return RANDOM_SLICE
    if monitor_rate and draw(key, pipeline, external_id, MONITOR) < monitor_rate:
        return MONITOR
    return ""
