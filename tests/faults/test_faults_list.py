"""The faults that trials have found, in their order, each with the tests that hold it mended.

A fault stands for a kind: its own commands are tried, small and in process where that can be, and so is the kind.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

JOBS, TEXTS, TERMINALS = "faults/test_job_files.py", "faults/test_texts.py", "faults/test_terminals.py"
ODD, INPUTS, TRIALS = "faults/test_texts_end_to_end.py", "faults/test_other_inputs.py", "faults/test_trials.py"
BACK, TABLES, SERIES = (
    "faults/test_read_back.py",
    "unit/base/test_tables.py",
    "unit/calibration/test_backtest_series.py",
)
LIMITS = "faults/test_limits.py"
COMPARE, WORKSPACE = "unit/report/test_compare.py", "unit/base/test_workspace.py"
FAULTS = {
    # silent wrong numbers, lost work
    "F1 a run from before the posterior changed": {INPUTS: "a_posterior_fitted_again_under_its_name_is_another_run"},
    "F4 another posterior under a name": {INPUTS: "another_posteriors_files_under_a_name_are_refused_by_every_command"},
    "F6 two machines, one folder": {
        "faults/test_files.py": "f6_a_process_in_another_container_does_not_delete_what_is_written_here"
    },
    "F7 a read-only installation": {"unit/base/test_compiled.py": "a_read_only_installation_without_a_home_runs"},
    "F8 formulas in a CSV": {
        TEXTS: "f8_no_cell_of_a_csv_is_a_formula_and_our_reader_gives_the_text_back",
        ODD: "f8_a_backtest_writes_no_formula_and_shows_every_entity",
    },
    "F10 an older export beside the new one": {
        JOBS: "f10_no_older_table_stays_beside_newer_ones f10_a_table_without_rows_takes_its_older_export_away"
    },
    "F11 two dollar signs": {ODD: "f11_and_f12_charts_are_drawn_whatever_the_question"},
    # tracebacks and dead ends
    "F12 a dollar sign and a backslash": {TEXTS: "f11_and_f12_dollar_signs_are_drawn"},
    "F14 [/x] in a question": {TEXTS: "the_terminal_shows_a_text_as_it_is_written a_bar_shows_a_text_as_it_is_written"},
    "F15 brackets and :codes:": {ODD: "any_text_goes_through_run_compare_export_and_results"},
    "F17 names that differ in brackets": {ODD: "f17_scenarios_whose_names_differ_in_brackets_are_told_apart"},
    "F18 ** in a file name": {
        "faults/test_files.py": "f18_a_name_is_never_a_pattern",
        TEXTS: "f18_a_name_is_no_pattern",
    },
    "F19 terminals without UTF-8": {TERMINALS: "f19_no_terminal_ends_a_command f19_the_c_locale"},
    "F20 a full or closed output": {
        TERMINALS: "f20_a_full_or_closed_output_is_one_sentence f20_closed_errors_are_passed_over"
    },
    "F21 a damaged job.json": {JOBS: "f21_a_damaged_record_of_a_job_is_named"},
    "F22 a copied part": {JOBS: "f22_a_copied_part_is_told_and_taken_away f22_the_command_says_what_it_took_away"},
    "F25 a folder beside the parts": {JOBS: "f25_a_hidden_folder_beside_the_parts_is_left_and_another_is_named"},
    "F26 an edited run.json": {BACK: "f26_an_edited_record_of_a_run_is_refused_by_all_who_read_it"},
    "F28 export .": {ODD: "f28_a_run_is_exported_from_within_its_folder"},
    "F30 draws gone or cut": {BACK: "f30_draws_that_are_gone_cut_or_of_another_are_refused_alike_by_all"},
    "F32 an unreadable posterior.json": {BACK: "f32_an_unreadable_record_of_a_posterior_is_named"},
    "F33 a full disk under a workbook": {JOBS: "f33_f44_a_full_disk_leaves_what_was_there"},
    "F34 a damaged scoreboard": {BACK: "f34_a_damaged_scoreboard_is_refused_before_anything_is_written"},
    "F36 an unclosed quote": {
        TABLES: "f36_a_quote_that_is_never_closed_is_named_at_its_line",
        TRIALS: "f36_an_unclosed_quote_is_named_at_its_line",
    },
    "F37 line breaks in cells": {
        SERIES: "f37_line_breaks_of_word_and_excel_stand_in_cells",
        TRIALS: "f37_line_breaks_in_cells_are_no_lines",
    },
    "F38 columns": {TRIALS: "f38_another_column_is_passed_over_and_case_makes_no_difference"},
    "F39 a GBK file": {
        TABLES: "f39_chinese_of_the_mainland_is_read_and_its_code_page_said_with_the_line",
        TRIALS: "f39_gbk_is_read_and_named_with_its_line",
    },
    "F41 nan %": {TRIALS: "f41_what_does_not_vary_is_left_out_of_what_matters"},
    "F42 a fit and SIGTERM": {"faults/test_signals.py": "a_fit_and_its_processes_end_within_seconds"},
    "F44 files that look whole": {JOBS: "f44_a_page_is_whole_or_as_it_was_wherever_the_disk_fills_up"},
    "F46 draws without a word": {LIMITS: "f46_ten_million_draws_do_not_begin_where_the_disk_is_too_small"},
    "F47 a desk that never ends": {LIMITS: "f47_a_desk_of_which_everybody_waits_is_not_begun_without_a_word"},
    "F49 filters that nothing meets": {TRIALS: "f49_a_filter_that_nothing_meets_is_refused_and_nothing_is_written"},
    "F51 a target and posterior: off": {TRIALS: "f51_a_scenario_that_extends_a_target_may_say_posterior_off"},
    "F52 small things": {
        SERIES: "f52_a_date_has_the_form_that_is_named",
        TRIALS: "f52_nothing_is_no_question f52_a_word_in_quotes_is_a_question_and_stays_one "
        "f52_a_decomposed_letter_is_a_letter_and_means_the_composed_one f52_a_cost_has_an_upper_end "
        "f52_seeds_have_one_upper_end",
    },
    # a planner's trial
    "G1 a fit across definitions": {TRIALS: "g1_g7_a_fit_across_a_change_of_definition_elsewhere_serves_its_scenarios"},
    "G2 headline numbers": {
        TERMINALS: "g2_no_cell_of_a_run_is_cut_at_any_width "
        "g2_a_headline_number_has_three_digits_and_fits_into_eighty_columns"
    },
    "G3 remedies in a circle": {TRIALS: "g3_what_is_advised_against_a_season_helps"},
    "G4 another bank's figures": {
        "unit/scenario/test_reader.py": "a_file_about_another_bank_takes_nothing_of_one_but_the_neutral_priors_that_"
        "the_message_names"
    },
    "G5 two definitions, one line": {TRIALS: "g5_a_line_joins_figures_of_one_definition_only"},
    "G6 comparisons": {
        COMPARE: "forecasts_from_different_starts_are_compared_in_the_months_that_they_share "
        "different_banks_are_compared_only_where_that_is_asked_for"
    },
    "G7 one folder of posteriors": {
        TRIALS: "g1_g7_a_fit_across_a_change_of_definition_elsewhere_serves_its_scenarios",
        WORKSPACE: "what_lies_in_the_workspace_is_spelled_by_name_or_from_its_root",
    },
    "G8 what to install": {ODD: "g8_what_to_install_is_said_whole"},
    "G9 a driver that is asked to end": {
        "faults/test_batch_faults.py": "the_driver_is_asked_to_end "
        "who_asks_the_driver_to_end_just_when_it_records_a_unit_waits_until_it_is_recorded"
    },
    "G10 another law": {INPUTS: "a_posterior_of_another_law_is_refused_with_file_and_line"},
    "G11 any file": {WORKSPACE: "a_reference_out_of_the_workspace_is_not_followed_nor_one_through_a_link"},
    "G12 a comma in braces": {TRIALS: "g12_a_comma_inside_braces_is_named_and_the_advice_helps"},
}


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.split()[0])
def test_each_fault_has_its_tests(fault):
    wanted = {(file, f"test_{name}") for file, names in FAULTS[fault].items() for name in names.split()}
    assert {(file, name) for file, name in wanted if name not in functions_of(file)} == set()


def test_no_test_is_named_by_a_fault_that_is_not_listed():
    listed = {fault.split()[0].lower() for fault in FAULTS}
    named = {
        word
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for name in functions_of(Path(path).relative_to(ROOT / "tests").as_posix())
        for word in name.split("_")[1:3]
        if word[:1] in ("f", "g") and word[1:].isdigit()
    }
    assert named - listed == set()
