//! Every recorded dialogue of the examples and of the JavaScript library, replayed by `ngoma service test`.

use crate::program::{path_text, repository, run, stdout};

fn play_all(path: &str) {
    let folder = repository(path);
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let count = files
        .filter(|path| path.extension().is_some_and(|kind| kind == "txt"))
        .count();
    assert!(count > 0, "no dialogues in {path}");
    let output = run(&["service", "test", path_text(&folder)], "");
    let said = stdout(&output);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.ends_with(&format!("\n{count} passed, 0 failed\n")), "{said}");
}

#[test]
fn the_clinic_speaks_its_recorded_dialogues() {
    play_all("examples/clinic/dialogues");
}

#[test]
fn the_library_speaks_its_recorded_dialogues() {
    play_all("sdk/js/tests/dialogues");
}

#[test]
fn the_water_desk_passes_its_own_tests_and_has_nothing_to_mend() {
    for command in [&["service", "test"][..], &["service", "check", "--strict"]] {
        let output = run(&[command, &[path_text(&repository("examples/water"))]].concat(), "");
        assert!(output.status.success(), "{}", stdout(&output));
    }
}
