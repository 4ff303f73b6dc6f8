"""Runs every operation through the client that openapi-generator makes from the SDK's own document.

python with_generated.py URL NOW        (in the clients' environment, the generated package on PYTHONPATH)
"""

import sys
from datetime import datetime, timedelta

from known import LOCATIONS, STEP, forecast, forecast_issued_at, observed
from openapi_client import ApiClient, CarbonAwareApi, Configuration, LocationsApi
from openapi_client.exceptions import BadRequestException
from openapi_client.models import CarbonIntensityBatchParametersDTO, EmissionsForecastBatchParametersDTO

HOUR = timedelta(hours=1)


def main(url: str, now: datetime) -> None:
    """Ask and compare; AssertionError, or the client's own exception, where an answer is not what is known."""
    with ApiClient(Configuration(host=url)) as client:
        api = CarbonAwareApi(client)
        observed_data(api, now)
        averages(api, now)
        forecasts(api, now)
        errors(api, now)
        locations = LocationsApi(client).get_all_locations()
    assert {"eastus", "westus", "eu-central-1"} <= set(locations), "the locations that ship are listed"
    assert locations["eu-central-1"].latitude, "with coordinates"
    print("ok: every operation through a client generated from the SDK's document")


def observed_data(api: CarbonAwareApi, now: datetime) -> None:
    """bylocation, bylocations, best."""
    hours = [each for each in observed(now) if each[0] == "eastus"]
    start, end = hours[-10][1], hours[-5][1]
    told = api.get_emissions_data_for_location_by_time("eastus", time=start, to_time=end)
    # A point that begins exactly at the end is in, as in the SDK.
    assert [(each.location, each.time, each.rating) for each in told] == hours[-10:-4], told
    assert {each.duration for each in told} == {"01:00:00"}, told

    told = api.get_emissions_data_for_locations_by_time(list(LOCATIONS), time=start, to_time=end)
    assert [each.location for each in told] == ["eastus"] * 6 + ["westus"] * 6, told

    best = api.get_best_emissions_data_for_locations_by_time(list(LOCATIONS), time=start, to_time=end)
    least = min(value for _, _, value in hours[-10:-5])
    assert {(each.location, each.rating) for each in best} == {("eastus", least)}, best


def averages(api: CarbonAwareApi, now: datetime) -> None:
    """One, and a batch."""
    hours = [each for each in observed(now) if each[0] == "westus"][-6:-2]
    start, end = hours[0][1], hours[-1][1] + HOUR
    expected = sum(value for _, _, value in hours) / len(hours)
    told = api.get_average_carbon_intensity("westus", start_time=start, end_time=end)
    assert abs(told.carbon_intensity - expected) < 1e-9, told
    assert (told.location, told.start_time, told.end_time) == ("westus", start, end), told
    asked = CarbonIntensityBatchParametersDTO(location="westus", start_time=start, end_time=end)
    batch = api.get_average_carbon_intensity_batch([asked, asked])
    assert [round(each.carbon_intensity, 9) for each in batch] == [round(expected, 9)] * 2, batch


def forecasts(api: CarbonAwareApi, now: datetime) -> None:
    """Current, and as of a time gone by."""
    issued_at = forecast_issued_at(now)
    points = [each for each in forecast(now) if each[0] == "eastus"]
    (told,) = api.get_current_forecast_data(["eastus"])
    assert (told.location, told.generated_at, told.window_size) == ("eastus", issued_at, 5), told
    assert [(each.timestamp, each.value) for each in told.forecast_data] == [each[1:] for each in points]
    assert [each.value for each in told.optimal_data_points] == [min(value for *_, value in points)], told

    start, end = points[12][1], points[180][1]
    both = api.get_current_forecast_data(list(LOCATIONS), data_start_at=start, data_end_at=end, window_size=60)
    assert [each.location for each in both] == list(LOCATIONS), both
    (best,) = both[0].optimal_data_points
    windows = {
        points[first][1]: sum(value for *_, value in points[first : first + 12]) / 12 for first in range(12, 169)
    }
    assert abs(best.value - min(windows.values())) < 1e-9, best
    assert windows[best.timestamp] == min(windows.values()), best
    assert (best.duration, both[0].window_size) == (60, 60), best

    asked = EmissionsForecastBatchParametersDTO(
        requested_at=issued_at + STEP, location="eastus", data_start_at=start, data_end_at=end, window_size=60
    )
    (then,) = api.batch_forecast_data_async([asked])
    assert (then.requested_at, then.optimal_data_points[0].value) == (issued_at + STEP, best.value), then


def errors(api: CarbonAwareApi, now: datetime) -> None:
    """A refusal reaches the client as its own exception, with the problem inside."""
    told = None
    try:
        api.get_average_carbon_intensity("eastus", start_time=now, end_time=now - HOUR)
    except BadRequestException as error:
        told = error
    assert told is not None, "a period that ends before it starts is refused"
    assert "Start" in (told.body or ""), told.body
    nothing = api.get_emissions_data_for_location_by_time(
        "eastus", time=now + timedelta(days=400), to_time=now + timedelta(days=401)
    )
    assert not nothing, nothing


if __name__ == "__main__":
    main(sys.argv[1], datetime.fromisoformat(sys.argv[2]))
