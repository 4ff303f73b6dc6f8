import csv
import io
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

HEADER = "instance_id,instance_type,region,hour_iso,cpu_percent"
POWER = "instance_type,load_percent,watts\nm5.large,0,2.7\nm5.large,100,15.2\nm5.large,10,5.4\nm5.large,50,11.3\n"
INTENSITY = "zone,datetime_utc,g_per_kwh\nDE,2026-03-01T05:00:00Z,300\nDE,2026-03-01T06:00:00Z,400\n"
ROW = "i-1,m5.large,eu-central-1,2026-03-01T05:00:00Z,50"


@pytest.fixture
def estimate(tmp_path):
    """Run the command on the given texts: the rows it writes and what it says beside them."""

    def run(usage, *arguments, power=POWER, intensity=INTENSITY):
        paths = {name: tmp_path / f"{name}.csv" for name in ("USAGE", "POWER", "INTENSITY")}
        for path, text in zip(paths.values(), (usage, power, intensity), strict=True):
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        files = [str(paths["USAGE"]), "--power", str(paths["POWER"]), "--intensity", str(paths["INTENSITY"])]
        out, err = io.StringIO(), io.StringIO()
        call_command("estimate", *files, *map(str, arguments), stdout=out, stderr=err)
        return list(csv.DictReader(io.StringIO(out.getvalue()))), err.getvalue()

    return run


def usage(*rows, header=HEADER):
    return "\n".join([header, *rows]) + "\n"


def refused(estimate, *arguments, **files):
    with pytest.raises(CommandError) as caught:
        estimate(*arguments, **files)
    assert caught.value.returncode == 1
    return str(caught.value)


# What is written -------------------------------------------------------------------------------------------------


def test_an_instances_day_holds_its_hours_energy_and_emissions(estimate):
    rows, _ = estimate(usage(ROW, "i-1,m5.large,eu-central-1,2026-03-01T06:00:00Z,10"))

    # eu-central-1: PUE 1.35, zone DE. 11.3 × 1.35 / 1000 = 0.015255 kWh, 5.4 × 1.35 / 1000 = 0.00729 kWh
    # 0.015255 × 300 + 0.00729 × 400 = 4.5765 + 2.916 = 7.4925 g
    assert rows == [
        {
            "instance_id": "i-1",
            "instance_type": "m5.large",
            "region": "eu-central-1",
            "date": "2026-03-01",
            "hours": "2",
            "hours_with_default_cpu": "0",
            "hours_without_power": "0",
            "hours_without_intensity": "0",
            "pue": "1.35",
            "energy_kwh": "0.022545",
            "operational_gco2e": "7.4925",
        }
    ]


def test_the_customers_formula_can_be_chosen_and_a_pue_for_all_regions(estimate):
    rows, said = estimate(usage(ROW), "--model", "linear_30_70", "--pue", "1.0")

    # 11.3 W × (0.3 + 0.7 × 0.5) = 7.345 W; × 300 g/kWh = 2.2035 g
    assert (rows[0]["energy_kwh"], rows[0]["operational_gco2e"], rows[0]["pue"]) == ("0.007345", "2.2035", "1")
    assert "PUE 1 for every region, as given." in said


def test_rows_come_out_by_instance_and_date(estimate):
    rows, _ = estimate(
        usage(
            "i-b,m5.large,eu-central-1,2026-03-01T05:00:00Z,50",
            "i-a,m5.large,eu-central-1,2026-03-02T00:00:00Z,50",
            "i-a,m5.large,eu-central-1,2026-03-01T23:00:00Z,50",
        )
    )

    assert [(row["instance_id"], row["date"]) for row in rows] == [
        ("i-a", "2026-03-01"),
        ("i-a", "2026-03-02"),
        ("i-b", "2026-03-01"),
    ]


def test_an_intensity_file_may_name_regions_instead_of_zones(estimate):
    by_region = "region,datetime_utc,g_per_kwh\neu-central-1,2026-03-01T05:00:00Z,100\n"

    rows, _ = estimate(usage(ROW), intensity=by_region)

    assert float(rows[0]["operational_gco2e"]) == pytest.approx(0.015255 * 100)


def test_a_region_of_the_usage_file_may_be_a_zone_itself(estimate):
    rows, said = estimate(usage("i-1,m5.large,DE,2026-03-01T05:00:00Z,50"))

    assert float(rows[0]["operational_gco2e"]) == pytest.approx(0.0113 * 1.15 * 300)
    assert "Default PUE 1.15 for regions that have none of their own: DE." in said


def test_several_readings_of_an_hour_count_as_their_mean(estimate):
    quarters = "".join(f"DE,2026-03-01T05:{m}:00Z,{g}\n" for m, g in (("00", 100), (15, 200), (30, 300), (45, 400)))

    rows, _ = estimate(usage(ROW), intensity="zone,datetime_utc,g_per_kwh\n" + quarters)

    assert float(rows[0]["operational_gco2e"]) == pytest.approx(0.015255 * 250)


# What is missing is counted, and never zero ------------------------------------------------------------------------


def test_a_type_nobody_knows_has_no_energy_rather_than_none_used(estimate):
    rows, said = estimate(usage(ROW, "i-2,x9.huge,eu-central-1,2026-03-01T05:00:00Z,50"))

    assert (rows[1]["energy_kwh"], rows[1]["operational_gco2e"]) == ("", "")
    assert (rows[1]["hours"], rows[1]["hours_without_power"]) == ("1", "1")
    assert "Hours left out, power unknown: 1 (x9.huge 1)." in said


def test_an_hour_without_intensity_keeps_its_energy_and_is_left_out_of_the_emissions(estimate):
    rows, said = estimate(usage(ROW, "i-1,m5.large,eu-central-1,2026-03-01T07:00:00Z,50"))

    assert float(rows[0]["energy_kwh"]) == pytest.approx(2 * 0.015255)
    assert float(rows[0]["operational_gco2e"]) == pytest.approx(0.015255 * 300)
    assert (rows[0]["hours"], rows[0]["hours_without_intensity"]) == ("2", "1")
    assert "Hours left out of the emissions, intensity unknown: 1 (eu-central-1 1)." in said


def test_a_day_without_any_intensity_has_no_emissions_rather_than_zero(estimate):
    rows, _ = estimate(usage("i-1,m5.large,us-east-1,2026-03-01T05:00:00Z,50"))

    assert rows[0]["energy_kwh"] != ""
    assert rows[0]["operational_gco2e"] == ""


def test_a_reading_without_a_value_is_a_missing_hour(estimate):
    rows, _ = estimate(usage(ROW), intensity="zone,datetime_utc,g_per_kwh\nDE,2026-03-01T05:00:00Z,\n")

    assert (rows[0]["operational_gco2e"], rows[0]["hours_without_intensity"]) == ("", "1")


def test_missing_cpu_counts_as_half_and_is_counted(estimate):
    rows, said = estimate(usage("i-1,m5.large,eu-central-1,2026-03-01T05:00:00Z,"))

    assert float(rows[0]["energy_kwh"]) == pytest.approx(0.015255)
    assert rows[0]["hours_with_default_cpu"] == "1"
    assert "Hours without CPU, 50 % assumed: 1." in said


def test_a_load_beyond_a_types_curve_is_not_guessed(estimate):
    rows, _ = estimate(usage(ROW), power="instance_type,load_percent,watts\nm5.large,0,2\nm5.large,40,8\n")

    assert (rows[0]["energy_kwh"], rows[0]["hours_without_power"]) == ("", "1")


def test_usage_without_rows_gives_a_header_alone(estimate):
    rows, said = estimate(HEADER + "\n")

    assert rows == []
    assert said.startswith("Instance hours: 0.")


# How a file may be written -----------------------------------------------------------------------------------------

TYPICAL = [ROW, "i-2,m5.large,eu-central-1,2026-03-01T06:00:00Z,12.5"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("﻿" + usage(*TYPICAL), id="a byte order mark"),
        pytest.param(usage(*TYPICAL).replace("\n", "\r\n"), id="CRLF"),
        pytest.param(usage(*TYPICAL).replace("\n", "\r\n", 2), id="CRLF and LF mixed"),
        pytest.param(usage(*TYPICAL).removesuffix("\n"), id="no newline at the end"),
        pytest.param(usage(*TYPICAL) + "\n \n\n", id="blank lines at the end"),
        pytest.param(usage(TYPICAL[0], "", TYPICAL[1]), id="a blank line within"),
        pytest.param(usage(*TYPICAL).replace(",", " , "), id="blanks around values"),
        pytest.param(usage(*TYPICAL).replace(",", "\t, "), id="tabs around values"),
        pytest.param('"' + usage(*TYPICAL).replace(",", '","').replace("\n", '"\n"').removesuffix('"'), id="quotes"),
        pytest.param(usage(*TYPICAL).replace("i-2", ' "i-2"'), id="a quoted value after a blank"),
        pytest.param(usage(*TYPICAL).replace("Z", "+00:00"), id="an offset of zero"),
        pytest.param(usage(*TYPICAL).replace("Z", ""), id="no offset"),
        pytest.param(usage(*TYPICAL).replace("T", " "), id="a blank between date and time"),
        pytest.param(usage(*TYPICAL).replace(":00:00Z", ""), id="the hour alone"),
        pytest.param(usage(*TYPICAL).replace(":00:00Z", ":59:59.999Z"), id="a time within the hour"),
        pytest.param(
            usage(*TYPICAL).replace("T05", "T06").replace("T06:00:00Z,50", "T07:00:00+02:00,50"), id="other offsets"
        ),
        pytest.param(
            usage(*TYPICAL).replace(",50", ",5e1").replace("12.5", "+12.50000000000000000000000"), id="odd numbers"
        ),
    ],
)
def test_the_same_rows_in_another_guise_give_the_same_result(estimate, text):
    expected, _ = estimate(usage(*TYPICAL))

    rows, _ = estimate(text)

    assert rows == expected


def test_columns_may_stand_in_any_order_and_others_between(estimate):
    expected, _ = estimate(usage(ROW))

    rows, _ = estimate(
        usage(
            '50,"web, blue",eu-central-1,2026-03-01T05:00:00Z,m5.large,i-1',
            header="cpu_percent,name,region,hour_iso,instance_type,instance_id",
        )
    )
    beside, _ = estimate(f"account,{HEADER},note\n1,{ROW},ok\n")

    assert rows == beside == expected


def test_an_instance_may_have_any_name(estimate):
    rows, _ = estimate(usage('"a ""b"", c",m5.large,eu-central-1,2026-03-01T05:00:00Z,50', ROW.replace("i-1", "Zoë")))

    assert [row["instance_id"] for row in rows] == ["Zoë", 'a "b", c']


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)"])
def test_a_name_that_a_spreadsheet_would_compute_is_written_as_text(estimate, name):
    rows, _ = estimate(usage(f"{name},m5.large,eu-central-1,2026-03-01T05:00:00Z,50"))

    assert [row["instance_id"] for row in rows] == ["'" + name]


def test_an_instance_that_changes_its_type_has_one_row_with_the_last_of_the_day(estimate):
    power = POWER + "m5.xlarge,0,5\nm5.xlarge,100,25\n"

    rows, _ = estimate(usage("i-1,m5.xlarge,eu-central-1,2026-03-01T06:00:00Z,50", ROW), "--pue", "1", power=power)

    # 15 W + 11.3 W over an hour each
    assert [(row["instance_type"], row["hours"]) for row in rows] == [("m5.xlarge", "2")]
    assert float(rows[0]["energy_kwh"]) == pytest.approx(0.0263)


# What is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "place", "reason"),
    [
        ("i-9,m5.large,eu-central-1,2026-03-01T05:00:00Z,fast", "line 3, column cpu_percent", "no number"),
        ("i-9,m5.large,eu-central-1,2026-03-01T05:00:00Z,nan", "line 3, column cpu_percent", "no number"),
        ("i-9,m5.large,eu-central-1,2026-03-01T05:00:00Z,inf", "line 3, column cpu_percent", "no number"),
        ("i-9,m5.large,eu-central-1,2026-03-01T05:00:00Z,-0.1", "line 3, column cpu_percent", "below 0"),
        ("i-9,m5.large,eu-central-1,2026-03-01T05:00:00Z,100.01", "line 3, column cpu_percent", "above 100"),
        ("i-9,m5.large,eu-central-1,2026-03-01T05:00:00Z,1e400", "line 3, column cpu_percent", "above 100"),
        ("i-9,m5.large,eu-central-1,yesterday,50", "line 3, column hour_iso", "no time"),
        ("i-9,m5.large,eu-central-1,2026-02-30T05:00:00Z,50", "line 3, column hour_iso", "no time"),
        ("i-9,m5.large,eu-central-1,2026-03-01,50", "line 3, column hour_iso", "no time"),
        ("i-9,m5.large,eu-central-1,1826-03-01T05:00:00Z,50", "line 3, column hour_iso", "outside the years"),
        ("i-9,m5.large,eu-central-1,,50", "line 3, column hour_iso", "missing"),
        (",m5.large,eu-central-1,2026-03-01T05:00:00Z,50", "line 3, column instance_id", "missing"),
        ("i-9,,eu-central-1,2026-03-01T05:00:00Z,50", "line 3, column instance_type", "missing"),
        ("i-9,m5.large,,2026-03-01T05:00:00Z,50", "line 3, column region", "missing"),
        (f"{'i' * 201},m5.large,eu-central-1,2026-03-01T05:00:00Z,50", "line 3, column instance_id", "longer than"),
        ("i\x07,m5.large,eu-central-1,2026-03-01T05:00:00Z,50", "line 3, column instance_id", "control character"),
        ("i\x00,m5.large,eu-central-1,2026-03-01T05:00:00Z,50", "line 3, column instance_id", "control character"),
        ("i-9,m5.large,eu-central-1,2026-03-01T05:00:00Z", "line 3:", "has 4 values"),
        ("i-9,m5.large,eu-central-1,2026-03-01T05:00:00Z,50,", "line 3:", "has 6 values"),
        ('"i-9,m5.large,eu-central-1,2026-03-01T05:00:00Z,50', "line 4:", "quotes"),
    ],
)
def test_a_malformed_row_is_named_by_line_and_column(estimate, row, place, reason):
    said = refused(estimate, usage(ROW, row, "i-8,m5.large,eu-central-1,2026-03-01T05:00:00Z,50"))

    assert f"USAGE.csv, {place}" in said
    assert reason in said


def test_a_malformed_row_is_named_by_its_line_in_the_file_even_behind_a_million_bytes(estimate):
    rows = [f"i-{n},m5.large,eu-central-1,2026-03-01T05:00:00Z,50" for n in range(60_000)]
    rows[55_000] = "i-x,m5.large,eu-central-1,2026-03-01T05:00:00Z,all"

    assert "line 55002, column cpu_percent" in refused(estimate, usage(*rows))


def test_bytes_that_are_not_utf_8_are_named_by_line(estimate):
    latin = usage(ROW, ROW.replace("i-1", "Zoë")).encode("latin-1")

    assert "USAGE.csv, line 3: The line is not UTF-8" in refused(estimate, latin)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (HEADER.replace("region", "place"), "names no column region"),
        (HEADER.replace(",", ";"), "names no column instance_id"),
        (HEADER + ",region", "column region: The header names this column twice"),
        ("", "it has nothing"),
        ("instance_id\rinstance_type", "line 1: The header is not CSV"),
    ],
)
def test_a_header_without_what_is_needed_is_refused(estimate, header, reason):
    assert reason in refused(estimate, usage(ROW, header=header))


def test_the_same_hour_of_an_instance_twice_is_refused_with_both_lines(estimate):
    said = refused(estimate, usage(ROW, "i-2" + ROW[3:], ROW.replace("05:00:00Z", "05:30:00Z")))

    assert "lines 2 and 4, column hour_iso" in said
    assert "2026-03-01T05:00Z of instance “i-1”" in said


def test_the_same_hour_as_two_types_is_the_same_hour_twice(estimate):
    assert "lines 2 and 3" in refused(estimate, usage(ROW, ROW.replace("large", "xlarge")))


@pytest.mark.parametrize(
    ("power", "reason"),
    [
        (
            "instance_type,load_percent,watts\nm5.large,101,5\n",
            "POWER.csv, line 2, column load_percent: “101” is above 100",
        ),
        ("instance_type,load_percent,watts\nm5.large,50,-5\n", "POWER.csv, line 2, column watts: “-5” is below 0"),
        ("instance_type,load_percent,watts\nm5.large,50,NaN\n", "POWER.csv, line 2, column watts: “NaN” is no number"),
        ("instance_type,load_percent,watts\nm5.large,50,\n", "POWER.csv, line 2, column watts: The number is missing"),
        ("instance_type,load_percent,watts\n,50,5\n", "POWER.csv, line 2, column instance_type: The value is missing"),
        ("instance_type,load_percent,watts\nm5.large,50\n", "POWER.csv, line 2: The row has 2 values"),
        (POWER + "m5.large,50,12\n", "POWER.csv, line 6, column load_percent: “m5.large” has this load on line 5 too"),
        ("type,load_percent,watts\n", "POWER.csv, line 1: The header names no column instance_type"),
    ],
)
def test_a_malformed_power_file_is_refused(estimate, power, reason):
    assert reason in refused(estimate, usage(ROW), power=power)


def test_a_curve_that_the_chosen_model_cannot_use_is_refused_by_type(estimate):
    said = refused(
        estimate, usage(ROW), "--model", "linear_30_70", power="instance_type,load_percent,watts\nm5.large,10,5\n"
    )

    assert "POWER.csv, instance type “m5.large”: linear_30_70 needs the watts at 50 % load" in said


@pytest.mark.parametrize(
    ("intensity", "reason"),
    [
        (
            INTENSITY + "DE,2026-03-01T05:00:00Z,301\n",
            "INTENSITY.csv, line 4, column g_per_kwh: Line 2 has another value",
        ),
        (INTENSITY + "DE,soon,301\n", "INTENSITY.csv, line 4, column datetime_utc: “soon” is no time"),
        (INTENSITY + "DE,2026-03-01T07:00:00Z,-1\n", "INTENSITY.csv, line 4, column g_per_kwh: “-1” is below 0"),
        (INTENSITY + ",2026-03-01T07:00:00Z,1\n", "INTENSITY.csv, line 4, column zone: The value is missing"),
        ("place,datetime_utc,g_per_kwh\n", "INTENSITY.csv, line 1: The header names no column region or zone"),
    ],
)
def test_a_malformed_intensity_file_is_refused(estimate, intensity, reason):
    assert reason in refused(estimate, usage(ROW), intensity=intensity)


def test_a_reading_given_twice_alike_is_no_trouble(estimate):
    rows, _ = estimate(usage(ROW), intensity=INTENSITY + "DE,2026-03-01T05:00:00Z,300\n")

    assert float(rows[0]["operational_gco2e"]) == pytest.approx(0.015255 * 300)


@pytest.mark.parametrize("pue", ["0.9", "0", "-1", "nan", "inf"])
def test_a_pue_below_1_is_refused(estimate, pue):
    assert "--pue is a factor of 1 or more" in refused(estimate, usage(ROW), f"--pue={pue}")


# Whole or not at all -----------------------------------------------------------------------------------------------


def test_the_output_file_appears_whole_and_nothing_else_beside_it(estimate, tmp_path):
    out = tmp_path / "out" / "OUT.csv"
    out.parent.mkdir()

    printed, _ = estimate(usage(ROW), "--output", out)

    assert printed == []
    assert out.read_text().splitlines()[1].startswith("i-1,m5.large,eu-central-1,2026-03-01,1,")
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("last", ["i-2,m5.large,eu-central-1,2026-03-01T05:00:00Z,200", ROW])
def test_a_file_that_is_refused_leaves_the_output_as_it_was_and_no_part_of_it(estimate, tmp_path, last):
    out = tmp_path / "out" / "OUT.csv"
    out.parent.mkdir()
    out.write_text("of yesterday")

    said = refused(estimate, usage(ROW, last), "--output", out)

    assert said.endswith("Nothing was written.")
    assert out.read_text() == "of yesterday"
    assert list(out.parent.iterdir()) == [out]


def test_an_output_that_would_replace_an_input_is_refused(estimate, tmp_path):
    assert "names one of the files to read" in refused(estimate, usage(ROW), "--output", tmp_path / "POWER.csv")


def test_an_output_in_a_folder_that_is_not_there_is_refused(estimate, tmp_path):
    assert "is no file in a folder that exists" in refused(estimate, usage(ROW), "--output", tmp_path / "no" / "o.csv")


def test_the_process_says_in_one_sentence_what_is_wrong_and_ends_with_1():
    command = [sys.executable, "manage.py", "estimate", "missing.csv", "--power", "p.csv", "--intensity", "i.csv"]

    ended = subprocess.run(
        command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False, env={"SANDBOX": "1", "PATH": ""}
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "CommandError: p.csv: No such file or directory. Nothing was written.\n"
