//! The pictures of the README are what the program prints. `PICTURES=overwrite cargo test --test pictures` makes them anew.
#![cfg(feature = "cli")]

use std::path::Path;

use anstyle_svg::{Term, WIN10_CONSOLE};
use assert_cmd::Command;

const PICTURES: [(&str, &str); 3] = [
    ("hold", "Your smile has been on my mind since the fair. Are you single? Let me take you out for a drink."),
    ("revise", "Please add me to your network."),
    ("send", "Hello Ines, I heard your talk about flood barriers in Rotterdam. I work on the same kind of gates at the water board."),
];

#[test]
fn the_readmes_pictures_are_what_the_program_prints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    for (verdict, note) in PICTURES {
        let output = Command::new(env!("CARGO_BIN_EXE_thinktwice"))
            .args(["check", "--no-policy", "--color", "always", note])
            .env_remove("NO_COLOR")
            .output()
            .expect("ran");
        let printed = String::from_utf8(output.stdout).expect("text");
        let svg = Term::new().palette(WIN10_CONSOLE).render_svg(&printed);
        let path = folder.join(format!("{verdict}.svg"));
        if std::env::var("PICTURES").is_ok_and(|value| value == "overwrite") {
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(&path, &svg).expect("written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == svg, "{} is not what is printed now; PICTURES=overwrite cargo test --test pictures makes it anew", path.display());
        assert!(printed.contains(verdict), "{printed}");
    }
}
