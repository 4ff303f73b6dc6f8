"""How a forecast would have done on hours gone by: how far it was off, and what its advice was worth."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from carbon.estimators.forecast import WEEK_HOURS, built_in_forecast

Floats = npt.NDArray[np.float64]

# The advice that is judged: where to put a job of four hours that must end within a day.
JOB_HOURS = 4
DEADLINE_HOURS = 24
ISSUE_EVERY_HOURS = 5  # no divisor of 24, so that the issues wander through the hours of the day
# A pick counts as lost where running now would have been cleaner by more than this share.
NOTICEABLE_SHARE = 0.005
WEAK_ABOVE_LOST_SHARE = 0.25
BAND_PERCENTILES = (10, 90)


@dataclass(frozen=True, slots=True)
class BackTest:
    """What came out. Shares are 0 to 1; arrays have one value for each hour ahead, the first one for one hour."""

    issues: int
    mape_by_lead: Floats  # mean of |forecast − actual| / actual
    low_by_lead: Floats  # 10 of 100 actual values lay lower than the forecast plus this, g/kWh
    high_by_lead: Floats  # … and 10 of 100 higher than the forecast plus this
    captured_share: float  # of what perfect knowledge would have saved against running at once; NaN: nothing to save
    lost_share: float  # of the picks that were noticeably worse than running at once

    @property
    def is_weak(self) -> bool:
        """Whether following the advice loses too often."""
        return self.lost_share > WEAK_ABOVE_LOST_SHARE

    def mape(self, first_hour: int, last_hour: int) -> float:
        """The mean over the hours ahead from `first_hour` to `last_hour`, both included."""
        chosen = self.mape_by_lead[first_hour - 1 : last_hour]
        return float(np.nanmean(chosen)) if not np.isnan(chosen).all() else float("nan")


def back_test(
    hourly: npt.ArrayLike,
    *,
    horizon_hours: int = 48,
    warm_up_hours: int = WEEK_HOURS,
    issue_every_hours: int = ISSUE_EVERY_HOURS,
) -> BackTest | None:
    """Issue the built-in forecast again and again along `hourly` (g/kWh, NaN for gaps) and compare.

    The first issue knows `warm_up_hours` hours, at least 168. None where not one issue can be judged.
    """
    values = np.asarray(hourly, np.float64)
    known = np.arange(max(warm_up_hours, WEEK_HOURS), len(values) - horizon_hours + 1, issue_every_hours)
    if not len(known):
        return None
    weeks = np.lib.stride_tricks.sliding_window_view(values, WEEK_HOURS)[known - WEEK_HOURS]
    actual = np.lib.stride_tricks.sliding_window_view(values, horizon_hours)[known]
    return judged(built_in_forecast(weeks, hours=horizon_hours), actual)


def judged(forecast: Floats, actual: Floats) -> BackTest | None:
    """Compare forecasts with what came, both [issue, hour ahead] and at least 24 hours; None without a pair."""
    has_any = ~np.isnan(forecast).all(axis=1) & ~np.isnan(actual).all(axis=1)
    forecast, actual = forecast[has_any], actual[has_any]
    if not len(forecast):
        return None
    error = actual - forecast
    share = np.divide(np.abs(error), actual, out=np.full(error.shape, np.nan), where=actual > 0)
    low, high = (_by_lead(error, percentile) for percentile in BAND_PERCENTILES)
    captured, lost = _worth(forecast, actual)
    return BackTest(len(forecast), _by_lead(share, None), low, high, captured, lost)


def _by_lead(values: Floats, percentile: int | None) -> Floats:
    """Mean or percentile of each column over what is known of it, NaN for an empty one."""
    answer = np.full(values.shape[1], np.nan)
    filled = ~np.isnan(values).all(axis=0)
    chosen = values[:, filled]
    answer[filled] = np.nanmean(chosen, axis=0) if percentile is None else np.nanpercentile(chosen, percentile, axis=0)
    return answer


def _worth(forecast: Floats, actual: Floats) -> tuple[float, float]:
    """The share of the possible saving that was got, and the share of picks that lose to running now."""
    told, came = (
        np.lib.stride_tricks.sliding_window_view(hours[:, :DEADLINE_HOURS], JOB_HOURS, axis=1).mean(axis=2)
        for hours in (forecast, actual)
    )
    whole = ~np.isnan(told).any(axis=1) & ~np.isnan(came).any(axis=1)
    told, came = told[whole], came[whole]
    if not len(told):
        return float("nan"), float("nan")
    picked = np.take_along_axis(came, told.argmin(axis=1)[:, np.newaxis], axis=1)[:, 0]
    now, best = came[:, 0], came.min(axis=1)
    possible = (now - best).sum()
    captured = float((now - picked).sum() / possible) if possible > 0 else float("nan")
    return captured, float(np.mean(picked > now * (1 + NOTICEABLE_SHARE)))
