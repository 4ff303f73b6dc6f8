import pytest

from finops.core.csv_cells import csv_text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_text_that_a_spreadsheet_would_compute_is_shown_instead(text):
    assert csv_text(text) == "'" + text


@pytest.mark.parametrize("text", ["", "web", "a=b", "i-0abc", " =1", "2-1"])
def test_other_text_stays_as_it_is(text):
    assert csv_text(text) == text
