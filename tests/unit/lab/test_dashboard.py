"""The dashboard's file is what its table says."""

from lab import dashboard


def test_the_file_is_what_the_table_of_panels_makes():
    assert dashboard.FILE.read_text() == dashboard.made(), "python -m lab.dashboard"
