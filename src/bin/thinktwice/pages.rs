//! The pages on the findings, compiled in from `docs/findings/`.

/// The page on a finding.
pub(crate) struct Page {
    pub(crate) id: &'static str,
    /// Markdown.
    pub(crate) text: &'static str,
}

macro_rules! pages {
    ($($id:literal),+ $(,)?) => {
        [$(Page { id: $id, text: include_str!(concat!("../../../docs/findings/", $id, ".md")) }),+]
    };
}

/// The readings that hold a note first, then what to better, then what is not known.
pub(crate) static PAGES: [Page; 7] =
    pages!["romantic", "pushy-job-seeking", "strained-history", "reason-missing", "too-long", "unknown", "ambiguous"];

impl Page {
    pub(crate) fn of(id: &str) -> Option<&'static Self> {
        PAGES.iter().find(|page| page.id == id)
    }

    /// Its first line, `# id: title`, without the id.
    pub(crate) fn title(&self) -> &'static str {
        let heading = self.text.lines().next().unwrap_or_default();
        heading.split_once(": ").map_or(heading, |(_, title)| title)
    }

    /// The first paragraph under a heading.
    pub(crate) fn section(&self, heading: &str) -> Option<&'static str> {
        let (_, rest) = self.text.split_once(&format!("\n## {heading}\n\n"))?;
        rest.split("\n\n").next()
    }
}
