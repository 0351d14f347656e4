"""Is more of what nobody looked at wrong than was promised? Evidence that may be read at any time.

Both figures bet on each audit against H0: error <= target. Waudby-Smith and Ramdas, Estimating
means of bounded random variables by betting, JRSS B 86 (2024), is the source of the bets; Shin,
Ramdas and Rinaldo, E-detectors, New England J. Stat. Data Sci. 2 (2024), of the detector.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

# Odds of an error under each bet, as multiples of the odds at the target.
BETS = (1.7, 2.3, 3.5)
# Ville: under H0 the e-process ever reaches 1/alpha with probability <= alpha = 0.05.
E_PROCESS_PROOF = 20.0
# Under H0 the mean run to a false alarm is >= this many audits. Simulated 4,000 times with a target
# of 5 %: 4.2 to 4.9 % alarm within 2,000 audits at the target, for thresholds of 30,000 to 25,000,
# and a jump from 3 to 10 % is found in a median of 245 to 238. At 5,000 about 20 % would alarm.
E_DETECTOR_ALARM = 28_000.0


@dataclass(frozen=True)
class Audit:
    """One prediction that was looked at although nobody would have: drawn with `propensity`."""

    wrong: bool
    propensity: float = 1.0


@dataclass(frozen=True)
class Watch:
    """What the audits so far say against the target. The evidence is kept as logs, one per bet."""

    target: float
    floor: float
    audits: int
    errors: int
    process: tuple[float, ...]
    detector: tuple[float, ...]

    @property
    def log_e_value(self) -> float:
        """Natural log of the e-process: the mean of the bets, 0 before the first audit."""
        return _log_mean(self.process)

    @property
    def log_detector(self) -> float:
        """Natural log of the Shiryaev-Roberts e-detector, -inf before the first audit."""
        return _log_mean(self.detector)

    @property
    def proven(self) -> bool:
        """Say whether the error since the first audit is above the target, at the 5 % level."""
        return self.log_e_value >= math.log(E_PROCESS_PROOF)

    @property
    def alarmed(self) -> bool:
        """Say whether the detector is at its threshold now: the error rose at some time.

        It alone alarms: who alarms on `proven` too, alarms falsely more often than either.
        """
        return self.log_detector >= math.log(E_DETECTOR_ALARM)


def opened(target: float, floor: float = 1.0) -> Watch:
    """Return a watch without audits.

    `target` is the largest share of errors that H0 allows, `floor` the smallest propensity that an
    audit may have; both are fixed before the first audit. ValueError names what is out of range.
    """
    if not 0 < target < 1:
        raise ValueError("target: a share above 0 and below 1")
    if not 0 < floor <= 1:
        raise ValueError("floor: a propensity above 0 and at most 1")
    return Watch(target, floor, 0, 0, (0.0,) * len(BETS), (-math.inf,) * len(BETS))


def seen(watch: Watch, audit: Audit) -> Watch:
    """Return the watch after one more audit, in the order in which they were drawn.

    A bet on the error rate q multiplies by q/target or (1-q)/(1-target): the likelihood ratio. An
    audit counts with weight w = floor/propensity: 1 + w (ratio - 1). Over all predictions, drawn
    or not, its mean is <= 1 under H0, as E[drawn/propensity (wrong - target)] <= 0.
    """
    if not watch.floor <= audit.propensity <= 1:
        raise ValueError(f"propensity: from the floor {watch.floor} to 1")
    weight = watch.floor / audit.propensity
    steps = [
        math.log1p(weight * (_ratio(watch.target, bet, wrong=audit.wrong) - 1)) for bet in BETS
    ]
    return replace(
        watch,
        audits=watch.audits + 1,
        errors=watch.errors + audit.wrong,
        process=tuple(log + step for log, step in zip(watch.process, steps, strict=True)),
        detector=tuple(
            _log_one_more(log) + step for log, step in zip(watch.detector, steps, strict=True)
        ),
    )


def watched(watch: Watch, audits: Iterable[Audit]) -> tuple[Watch, int | None]:
    """Return the watch after all audits, and how many it had at its first alarm (None: no alarm).

    The same audits in the same order give the same figures, in one go or in pieces.
    """
    first = watch.audits if watch.alarmed else None
    for audit in audits:
        watch = seen(watch, audit)
        if first is None and watch.alarmed:
            first = watch.audits
    return watch, first


def _ratio(target: float, bet: float, *, wrong: bool) -> float:
    rest = 1 - target + bet * target
    return bet / rest if wrong else 1 / rest


def _log_one_more(log: float) -> float:
    """Return log(1 + e**log) without overflow."""
    return max(log, 0.0) + math.log1p(math.exp(-abs(log)))


def _log_mean(logs: tuple[float, ...]) -> float:
    most = max(logs)
    if most == -math.inf:
        return most
    return most + math.log(sum(math.exp(log - most) for log in logs) / len(logs))
