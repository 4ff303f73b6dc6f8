"""How far places on earth lie from each other."""

import numpy as np

from .selection import Floats

_EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG


def kilometres(latitude: float, longitude: float, latitudes: Floats, longitudes: Floats) -> Floats:
    """The great-circle distance from one point to each of the others, degrees in and km out (haversine)."""
    north, norths = np.radians(latitude), np.radians(latitudes)
    east = np.radians(longitudes - longitude)
    half = np.sin((norths - north) / 2) ** 2 + np.cos(north) * np.cos(norths) * np.sin(east / 2) ** 2
    distance: Floats = 2 * _EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return distance
