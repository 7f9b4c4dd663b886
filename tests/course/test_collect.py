"""From a platform's bulk download to the right students, and to nobody else."""

import csv
import io
import json
import os
import stat
import zipfile

import courses
import pytest
from courses import ASSIGNMENT

from unrolled.cli import exit_codes
from unrolled.cli.main import main
from unrolled.course import archives, collecting
from unrolled.course.roster import Roster

ROSTER = """id,first_name,last_name,email,lms_user_id,group
ann,Ann,Lee,ann@example.org,4711,red
joerg,Jörg,Müller-Weiß,jm@example.org,4712,red
maria,María José,García López,mj@example.org,4713,blue
sean,Seán,O'Brien,so@example.org,4714,blue
li,小明,李,li@example.org,4715,
zoe,Zoë,van der Ploeg,zoe@example.org,4716,
lukasz,Łukasz,Żółć,lz@example.org,4717,
"""
MOODLE = "_assignsubmission_file_"


@pytest.fixture
def course(tmp_path):
    course = courses.make(tmp_path / "course")
    (course.root / "roster.csv").write_text(ROSTER)
    return course


@pytest.fixture
def run(course, capsys):
    """Collects files, given by their paths, and returns the exit code and what was told."""

    def collect(files, *options, packed=True):
        source = course.root.parent / ("archive.zip" if packed else "folder")
        if packed:
            with zipfile.ZipFile(source, "w") as archive:
                for name, content in files.items():
                    archive.writestr(name, content)
        else:
            for name, content in files.items():
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                (source / name).write_text(content)
        code = main(["collect", ASSIGNMENT, str(source), "--course", str(course.root), *options])
        return code, capsys.readouterr()

    return collect


def handed_in(course):
    """All that lies in ``submitted/``, by path below it."""
    root = course.root / "submitted"
    return {p.relative_to(root).as_posix(): p.read_text() for p in root.rglob("*") if p.is_file()}


NB = f"{ASSIGNMENT}.ipynb"

CANVAS = {
    # the number counts before the name, which people change
    "renamedsince_4711_900_elman-jordan.ipynb": "ann",
    "müllerweißjörg_4712_901_elman-jordan.ipynb": "joerg",
    "garcíalópezmaríajosé_4713_902_elman-jordan.ipynb": "maria",
    "obrienseán_LATE_4714_903_elman-jordan.ipynb": "sean",
}


@pytest.mark.parametrize("numbers", [True, False])
def test_canvas_by_its_numbers_or_by_names_alone(course, run, numbers):
    files = dict(CANVAS)
    if not numbers:
        files["leeann_4711_900_elman-jordan.ipynb"] = files.pop(next(iter(CANVAS)))
        rows = [line.split(",") for line in ROSTER.splitlines()]
        (course.root / "roster.csv").write_text(
            "\n".join(",".join((*row[:4], *row[5:])) for row in rows)
        )
    code, told = run(files)
    assert code == 0 and not told.err
    assert handed_in(course) == {f"{who}/{ASSIGNMENT}/{NB}": who for who in CANVAS.values()}
    assert "late" in next(line for line in told.out.splitlines() if line.startswith("sean"))
    assert "4 in it; nothing from 3 of the roster: li, zoe, lukasz." in told.out


@pytest.mark.parametrize(
    "name, student",
    [
        ("Ann Lee", "ann"),
        ("Jörg Müller-Weiß", "joerg"),
        ("Joerg Mueller-Weiss", "joerg"),
        ("Jorg Muller Weiss", "joerg"),
        ("Mu\u0308ller-Weiß Jo\u0308rg", "joerg"),
        ("María José García López", "maria"),
        ("García López María José", "maria"),
        ("GARCIA LOPEZ, Maria Jose", "maria"),
        ("Seán O'Brien", "sean"),
        ("Sean OBrien", "sean"),
        ("Seán O’Brien", "sean"),
        ("小明 李", "li"),
        ("李小明", "li"),
        ("Zoë van der Ploeg", "zoe"),
        ("Ploeg Zoë van der", "zoe"),
        ("Lukasz Zolc", "lukasz"),
        ("Łukasz Żółć", "lukasz"),
    ],
)
def test_moodles_full_names(course, run, name, student):
    code, _ = run({f"{name}_1234567{MOODLE}/{NB}": "text"})
    assert (code, handed_in(course)) == (0, {f"{student}/{ASSIGNMENT}/{NB}": "text"})


def test_moodle_with_folders_inside_without_folders_and_below_another_folder(course, run):
    code, _ = run(
        {
            f"Course-elman-77/Ann Lee_1{MOODLE}/mine/{NB}": "a",
            f"Course-elman-77/Ann Lee_1{MOODLE}/data.csv": "d",
            f"Course-elman-77/Zoë van der Ploeg_2{MOODLE}{NB}": "z",
        }
    )
    assert code == 0
    assert handed_in(course) == {
        f"ann/{ASSIGNMENT}/mine/{NB}": "a",
        f"ann/{ASSIGNMENT}/data.csv": "d",
        f"zoe/{ASSIGNMENT}/{NB}": "z",
    }


def test_moodles_worksheet_tells_two_of_the_same_name_apart_and_when_they_handed_in(course, run):
    (course.root / "roster.csv").write_text(
        "id,first_name,last_name,email\na1,Anna,Lee,a1@x.org\na2,Anna,Lee,a2@x.org\n"
    )
    files = {f"Anna Lee_11{MOODLE}/{NB}": "one", f"Anna Lee_12{MOODLE}/{NB}": "two"}
    code, told = run(files)
    assert code == exit_codes.NOT_ALL and handed_in(course) == {}
    assert "several students have this name: a1, a2" in told.err
    sheet = course.root / "worksheet.csv"
    sheet.write_text(
        "Identifier,Full name,Email address,Last modified (submission)\n"
        'Participant 12,Anna Lee,a1@x.org,"Friday, 9 October 2026, 3:45 PM"\n'
        "Participant 11,Anna Lee,A2@x.org,-\n"
    )
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write('\nc.Exchange.timezone = "Europe/Berlin"\n')
    code, told = run(files, "--worksheet", str(sheet))
    assert code == 0, told.err
    assert handed_in(course) == {
        f"a1/{ASSIGNMENT}/{NB}": "two",
        f"a1/{ASSIGNMENT}/timestamp.txt": "2026-10-09 13:45:00.000000 UTC\n",
        f"a2/{ASSIGNMENT}/{NB}": "one",
    }


def test_nbgraders_exchange(course, run):
    stamp = "2026-10-0{} 12:00:00.000000 UTC"
    code, told = run(
        {
            f"ann+{ASSIGNMENT}+{stamp.format(1)}+secret/{NB}": "first",
            f"ann+{ASSIGNMENT}+{stamp.format(2)}+secret/{NB}": "last",
            f"ann+{ASSIGNMENT}+{stamp.format(2)}+secret/timestamp.txt": stamp.format(2),
            f"zoe+other+{stamp.format(1)}/other.ipynb": "other",
        },
        packed=False,
    )
    assert code == exit_codes.NOT_ALL and "it is a hand-in of other" in told.err
    assert handed_in(course) == {
        f"ann/{ASSIGNMENT}/{NB}": "last",
        f"ann/{ASSIGNMENT}/timestamp.txt": f"{stamp.format(2)}\n",
    }


def test_the_exchange_is_where_nbgrader_has_it(course, capsys):
    inbound = course.root / "exchange" / "unrolled" / "inbound"
    folder = inbound / f"ann+{ASSIGNMENT}+2026-10-01 12:00:00.000000 UTC"
    folder.mkdir(parents=True)
    (folder / NB).write_text("text")
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write(f"\nc.Exchange.root = {str(course.root / 'exchange')!r}\n")
    assert main(["collect", ASSIGNMENT, "--course", str(course.root)]) == 0
    assert f"ann/{ASSIGNMENT}/{NB}" in handed_in(course)


@pytest.mark.parametrize(
    "path",
    [
        f"ann/{NB}",
        f"ann/{ASSIGNMENT}/{NB}",
        f"submitted/ann/{ASSIGNMENT}/{NB}",
        f"Ann/{NB}",
        f"ann@example.org/{NB}",
        f"Lee, Ann/{NB}",
        "ann.ipynb",
        f"ann_{NB}",
        f"{ASSIGNMENT}_Ann Lee.ipynb",
    ],
)
def test_a_plain_folder(course, run, path):
    code, told = run({path: "text"}, packed=False)
    assert (code, told.err) == (0, "")
    assert handed_in(course) == {f"ann/{ASSIGNMENT}/{NB}": "text"}


def test_the_last_attempt_counts_and_other_files_stay(course, run):
    code, _ = run(
        {
            "leeann_4711_930_elman-jordan-2.ipynb": "third",
            "leeann_4711_910_elman-jordan.ipynb": "first",
            "leeann_4711_920_elman-jordan-1.ipynb": "second",
            "leeann_4711_921_notes-1.txt": "notes",
            "leeann_4711_922_all.zip": "stays as it is",
        }
    )
    assert code == 0
    assert handed_in(course) == {
        f"ann/{ASSIGNMENT}/{NB}": "third",
        f"ann/{ASSIGNMENT}/notes-1.txt": "notes",
        f"ann/{ASSIGNMENT}/all.zip": "stays as it is",
    }


def test_again_is_the_same_a_later_one_replaces_and_an_earlier_one_does_not(course, run):
    first, later = ({f"leeann_4711_{n}_{NB}": str(n)} for n in (9, 10))
    assert run(first)[0] == 0
    assert "the same" in run(first)[1].out
    assert "changed" in run(later)[1].out
    assert "older" in run(first)[1].out
    assert handed_in(course) == {f"ann/{ASSIGNMENT}/{NB}": "10"}
    [kept] = (course.root / ".unrolled" / ASSIGNMENT / "replaced" / "ann").glob(f"*/{NB}")
    assert kept.read_text() == "9"


def test_a_dry_run_says_the_same_and_writes_nothing(course, run):
    before = sorted(course.root.rglob("*"))
    code, told = run({**CANVAS, "who_1_2_x.ipynb": ""}, "--dry-run")
    assert code == exit_codes.NOT_ALL and "Nothing was written." in told.out
    assert sorted(course.root.rglob("*")) == before
    assert run(CANVAS)[1].out.partition("\n\n")[0] == told.out.partition("\n\n")[0]


@pytest.mark.parametrize(
    "path, why",
    [
        (f"nobody_1_2_{NB}", "nobody in the roster has the name 'nobody' nor the number 1"),
        (f"leeann_999_2_{NB}", "it has the name of ann, whose number in the roster is 4711"),
        (f"anon_x7Yz_2_{NB}", "Canvas hides who handed it in"),
        ("leeann_4711_text.html", "a text or a link typed into Canvas"),
        ("Ann Lee_12_assignsubmission_onlinetext_/onlinetext.html", "a text typed into Moodle"),
        (f"Ann Lee_12{MOODLE}", "a text typed into Moodle, not a file"),
        (f"ann+{ASSIGNMENT}+yesterday/{NB}", "its time stamp cannot be read"),
        ("readme.txt", "nobody in the roster has the name 'readme'"),
        (f"../ann/{NB}", "its path leads out of the archive"),
        (f"/ann/{NB}", "its path leads out of the archive"),
        (f"ann/..\\..\\{NB}", "its path leads out of the archive"),
        (f"ann/\x1b[2J{NB}", "its name has characters"),
        (f"ann/{'x' * 250}.ipynb", "its name is too long"),
    ],
)
def test_what_cannot_be_mapped_is_listed_and_the_rest_goes_on(course, run, path, why):
    code, told = run({path: "", f"vanderploegzoe_4716_3_{NB}": "zoe"})
    assert code == exit_codes.NOT_ALL
    [line] = told.err.splitlines()
    assert why in line and line.isprintable()
    assert handed_in(course) == {f"zoe/{ASSIGNMENT}/{NB}": "zoe"}
    listed = (course.root / f"collected-{ASSIGNMENT}.csv").read_text()
    assert why.replace('"', "") in listed and "zoe,canvas,4716,3" in listed


def test_nobody_hands_in_under_anothers_name_by_the_name_of_a_file(course, run):
    forged = (
        f"vanderploegzoe_4716_3_leeann_4711_9_{NB}",
        f"vanderploegzoe_4716_4_Ann Lee_12{MOODLE}{NB}",
        f"vanderploegzoe_4716_5_ann+{ASSIGNMENT}+2026-10-01 12:00:00 UTC",
        f"Zoë van der Ploeg_2{MOODLE}leeann_4711_9_{NB}",
        f"Łukasz Żółć_3{MOODLE}/Ann Lee_12{MOODLE}/{NB}",
    )
    for name in forged:
        assert run({name: "forged"})[0] == 0
        assert not any(path.startswith("ann/") for path in handed_in(course))


def test_two_who_could_be_the_same_student_are_both_listed(course, run):
    code, told = run({f"Ann Lee_1{MOODLE}/{NB}": "one", f"Lee Ann_2{MOODLE}/{NB}": "two"})
    assert code == exit_codes.NOT_ALL and handed_in(course) == {}
    assert told.err.count("1, 2 could each be ann") == 2


def test_no_cell_of_the_record_is_a_formula(course, run):
    (course.root / "roster.csv").write_text("id,first_name,last_name\nx,=1+1,\n")
    code, _ = run({f"=1+1_1{MOODLE}/{NB}": "one", f"=1 +1_2{MOODLE}/{NB}": "two"})
    assert code == exit_codes.NOT_ALL
    rows = csv.reader((course.root / f"collected-{ASSIGNMENT}.csv").open(newline=""))
    cells = [cell for row in rows for cell in row]
    assert sum("could each be x" in cell for cell in cells) == 2
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_a_students_own_time_stamp_is_not_believed(course, run):
    code, _ = run({f"Ann Lee_1{MOODLE}/{NB}": "", f"Ann Lee_1{MOODLE}/TimeStamp.txt": "2020"})
    assert (code, [*handed_in(course)]) == (0, [f"ann/{ASSIGNMENT}/{NB}"])


def test_links_and_devices_are_refused(course, run, tmp_path):
    archive = zipfile.ZipInfo(f"ann/{NB}")
    archive.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "links.zip", "w") as made:
        made.writestr(archive, "/etc/passwd")
    folder = tmp_path / "links" / "ann"
    folder.mkdir(parents=True)
    (folder / NB).symlink_to("/etc/passwd")
    (folder / "all").symlink_to("/etc")
    os.mkfifo(folder / "pipe")
    for source in ("links.zip", "links"):
        code = main(["collect", ASSIGNMENT, str(tmp_path / source), "--course", str(course.root)])
        assert code == exit_codes.NOT_ALL and handed_in(course) == {}


def test_bounds_hold_whatever_the_archive_says_of_its_sizes(course, run, monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    monkeypatch.setattr(collecting, "MAX_BYTES", 1500)
    monkeypatch.setattr(collecting, "MAX_FILES", 3)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"ann/{NB}", "0" * 10_000)
        archive.writestr("zoe/a", "0" * 900)
        archive.writestr("zoe/b", "0" * 900)
        for n in range(5):
            archive.writestr(f"li/{n}", "0")
    lying = bomb.getvalue().replace((10_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    source = course.root.parent / "bomb.zip"
    source.write_bytes(lying)
    code = main(["collect", ASSIGNMENT, str(source), "--course", str(course.root)])
    assert code == exit_codes.NOT_ALL
    assert sorted(handed_in(course)) == [
        *(f"li/{ASSIGNMENT}/{n}" for n in range(3)),
        f"zoe/{ASSIGNMENT}/a",
    ]
    monkeypatch.setattr(archives, "MAX_FILES", 5)
    assert main(["collect", ASSIGNMENT, str(source), "--course", str(course.root)]) == 1


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut off", None])
def test_what_is_no_archive_is_said_in_one_line(course, capsys, content):
    source = course.root.parent / "archive.zip"
    if content is not None:
        source.write_bytes(content)
    assert main(["collect", ASSIGNMENT, str(source), "--course", str(course.root)]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert str(source) in line and "Traceback" not in line


def test_a_damaged_or_locked_file_leaves_the_others(course, tmp_path):
    source = tmp_path / "archive.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr(f"ann/{NB}", "damaged here")
        archive.writestr(f"zoe/{NB}", "whole")
    source.write_bytes(source.read_bytes().replace(b"damaged here", b"damaged Here"))
    assert main(["collect", ASSIGNMENT, str(source), "--course", str(course.root)]) == 3
    assert handed_in(course) == {f"zoe/{ASSIGNMENT}/{NB}": "whole"}


def test_a_damaged_attempt_does_not_replace_a_whole_one(course, run, tmp_path):
    run({f"leeann_4711_9_{NB}": "whole", "leeann_4711_8_data.csv": "1"})
    source = tmp_path / "later.zip"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr(f"leeann_4711_19_{NB}", "damaged here")
        archive.writestr("leeann_4711_18_data.csv", "2")
    source.write_bytes(source.read_bytes().replace(b"damaged here", b"damaged Here"))
    assert main(["collect", ASSIGNMENT, str(source), "--course", str(course.root)]) == 3
    assert handed_in(course)[f"ann/{ASSIGNMENT}/{NB}"] == "whole"


def test_a_record_that_somebody_changed_is_named(course, run):
    for text in ("student;file\nann;x\n", "student,number\nann,1\n", "\xff"):
        (course.root / f"collected-{ASSIGNMENT}.csv").write_text(text, encoding="latin-1")
        code, told = run(CANVAS)
        assert code == exit_codes.FAILED and "move it away, and collect again" in told.err


def test_names_that_are_not_marked_as_utf8_are_read_all_the_same(course, tmp_path):
    source = tmp_path / "archive.zip"
    name = f"Jörg Müller-Weiß_1{MOODLE}/{NB}"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr(name, "text")
    marked = source.read_bytes()
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        at = marked.index(start) + (6 if start[2] == 3 else 8)
        marked = marked[:at] + b"\0\0" + marked[at + 2 :]
    source.write_bytes(marked)
    assert main(["collect", ASSIGNMENT, str(source), "--course", str(course.root)]) == 0
    assert f"joerg/{ASSIGNMENT}/{NB}" in handed_in(course)


def test_what_computers_leave_by_themselves_is_no_hand_in(course, run):
    code, _ = run(
        {f"ann/{NB}": "", "__MACOSX/ann/._x": "", "ann/.DS_Store": "", "ann/Thumbs.db": ""}
    )
    assert (code, [*handed_in(course)]) == (0, [f"ann/{ASSIGNMENT}/{NB}"])


def test_a_groups_hand_in_counts_for_all_its_members(course, run):
    code, _ = run(
        {
            f"red_77{MOODLE}/{NB}": "of the team",
            f"Seán O'Brien_5{MOODLE}/{NB}": "of one of them",
            f"Zoë van der Ploeg_6{MOODLE}/{NB}": "alone",
        },
        "--groups",
    )
    assert code == 0
    assert handed_in(course) == {
        f"{who}/{ASSIGNMENT}/{NB}": text
        for who, text in {
            "ann": "of the team",
            "joerg": "of the team",
            "maria": "of one of them",
            "sean": "of one of them",
            "zoe": "alone",
        }.items()
    }


def test_of_what_several_members_handed_in_the_last_counts(course, run):
    files = {f"leeann_4711_5_{NB}": "first", f"m_4712_6_{NB}": "last"}
    assert run(files, "--groups")[0] == 0
    assert handed_in(course) == {f"{who}/{ASSIGNMENT}/{NB}": "last" for who in ("ann", "joerg")}
    # the number of who handed it in is nobody else's
    assert collecting.platform_numbers(course, ASSIGNMENT, "canvas") == {"joerg": "4712"}


def test_as_json(course, run):
    _, told = run({**CANVAS, f"who_1_2_{NB}": ""}, "--json")
    said = json.loads(told.out)
    assert [h["student"] for h in said["hand_ins"]] == ["ann", "joerg", "maria", "sean"]
    assert said["missing"] == ["li", "zoe", "lukasz"]
    assert [u["file"] for u in said["unmapped"]] == [f"who_1_2_{NB}"]


def test_without_a_roster_it_says_what_to_write(course, run):
    (course.root / "roster.csv").unlink()
    code, told = run(CANVAS)
    assert code == exit_codes.FAILED
    assert "nobody knows who is in the class" in told.err and "lms_user_id" in told.err


@pytest.mark.parametrize(
    "table, student",
    [
        (
            "Student,ID,SIS User ID,SIS Login ID,Section,elman (77)\n"
            "    Points Possible,,,,,30\n"
            '"García López, María José",4713,S1,maria,Monday,\n'
            '"Student, Test",1,,0ab,Monday,\n',
            ("maria", "María José", "García López", "4713", "Monday"),
        ),
        (
            "First name,Last name,Username,ID number,Email address,Groups\n"
            "María José,García López,maria,4713,mj@example.org,Monday\n",
            ("maria", "María José", "García López", "4713", ""),
        ),
        (
            "id;first_name;last_name;lms_user_id;section\nmaria;María José;García López;4713;x\n",
            ("maria", "María José", "García López", "4713", "x"),
        ),
    ],
)
def test_a_roster_may_be_a_platforms_own_table(tmp_path, table, student):
    path = tmp_path / "roster.csv"
    path.write_text(table, encoding="utf-8-sig")
    [one] = Roster.read(path).students
    assert (one.id, one.first_name, one.last_name, one.lms_user_id, one.section) == student
