//! What a new service is made from.

/// A kind of service to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Template {
    /// A dialogue in sessions, in two languages, in TypeScript
    Ussd,
    /// A dialogue by single texts, in TypeScript
    Sms,
    /// JavaScript on the runtime's own API, without a library
    PlainJs,
    /// A dialogue in Python
    Python,
}

/// A path and its text, in which `{{name}}` stands for the service's name.
type File = (&'static str, &'static str);

const UNTRACKED: File = (".gitignore", "node_modules/\n.ngoma/\n");

const USSD: &[File] = &[
    UNTRACKED,
    ("README.md", include_str!("templates/ussd/README.md")),
    (
        "dialogues/first.txt",
        include_str!("templates/ussd/dialogues/first.txt"),
    ),
    ("locale/zu.po", include_str!("templates/ussd/locale/zu.po")),
    ("main.ts", include_str!("templates/ussd/main.ts")),
    ("names.ts", include_str!("templates/ussd/names.ts")),
    ("package.json", include_str!("templates/ussd/package.json")),
    ("test/names.test.js", include_str!("templates/ussd/test/names.test.js")),
    ("tsconfig.json", include_str!("templates/ussd/tsconfig.json")),
];

const SMS: &[File] = &[
    UNTRACKED,
    ("README.md", include_str!("templates/sms/README.md")),
    ("dialogues/first.txt", include_str!("templates/sms/dialogues/first.txt")),
    ("locale/zu.po", include_str!("templates/sms/locale/zu.po")),
    ("main.ts", include_str!("templates/sms/main.ts")),
    ("stages.ts", include_str!("templates/sms/stages.ts")),
    ("package.json", include_str!("templates/sms/package.json")),
    ("test/stages.test.js", include_str!("templates/sms/test/stages.test.js")),
    ("tsconfig.json", include_str!("templates/sms/tsconfig.json")),
];

const PLAIN_JS: &[File] = &[
    UNTRACKED,
    ("README.md", include_str!("templates/plain-js/README.md")),
    (
        "dialogues/first.txt",
        include_str!("templates/plain-js/dialogues/first.txt"),
    ),
    ("greet.js", include_str!("templates/plain-js/greet.js")),
    ("main.js", include_str!("templates/plain-js/main.js")),
    ("package.json", include_str!("templates/plain-js/package.json")),
    (
        "test/greet.test.js",
        include_str!("templates/plain-js/test/greet.test.js"),
    ),
];

const PYTHON: &[File] = &[
    (".gitignore", "__pycache__/\n.venv/\n"),
    ("README.md", include_str!("templates/python/README.md")),
    (
        "dialogues/first.txt",
        include_str!("templates/python/dialogues/first.txt"),
    ),
    ("main.py", include_str!("templates/python/main.py")),
    ("requirements.txt", include_str!("templates/python/requirements.txt")),
    ("test_main.py", include_str!("templates/python/test_main.py")),
];

const OF_JAVASCRIPT: &[(&str, &str)] = &[
    ("ngoma service simulate .", "talk to it"),
    ("ngoma service test .", "run its tests; with --watch after each change"),
    ("ngoma service check .", "look for mistakes"),
];

const OF_PYTHON: &[(&str, &str)] = &[
    ("ngoma service simulate .", "talk to it"),
    (
        "ngoma service test .",
        "replay its dialogues; with --watch after each change",
    ),
];

impl Template {
    /// Its files.
    pub fn files(self) -> &'static [File] {
        match self {
            Self::Ussd => USSD,
            Self::Sms => SMS,
            Self::PlainJs => PLAIN_JS,
            Self::Python => PYTHON,
        }
    }

    /// Whether its code has types that come from the library.
    pub fn is_typed(self) -> bool {
        matches!(self, Self::Ussd | Self::Sms)
    }

    /// Commands, and what for.
    pub fn next_steps(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Python => OF_PYTHON,
            _ => OF_JAVASCRIPT,
        }
    }
}
