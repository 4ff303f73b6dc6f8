"""Addresses of grids and forecasts. Their figures are shown on costing's pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
