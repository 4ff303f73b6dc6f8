"""Addresses of the grid, and of what explains the figures."""

from django.urls import path

from carbon import views

urlpatterns = [
    path("grid/", views.grid, name="grid"),
    path("grid/<str:key>/", views.zone, name="zone"),
    path("when-and-where/", views.when_and_where, name="when-and-where"),
    path("methodology/", views.methodology, name="methodology"),
    path("glossary/", views.glossary, name="glossary"),
    path("about-data/", views.about_data, name="about-data"),
]
