import pytest

from finops.secret_key import key_of_this_machine


def test_a_key_is_made_once_and_only_its_owner_may_read_it(tmp_path):
    first = key_of_this_machine(tmp_path / "var" / "secret_key")

    again = key_of_this_machine(tmp_path / "var" / "secret_key")

    assert first == again
    assert len(first) >= 50
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]


def test_an_empty_key_file_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "secret_key").write_text("")

    with pytest.raises(ValueError, match="Remove it"):
        key_of_this_machine(tmp_path / "secret_key")
