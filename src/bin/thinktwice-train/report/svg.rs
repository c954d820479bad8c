//! Plots of shares as inline SVG; the page's style sheet gives the colours.

use super::html::escape;

/// The figure's and its 95 % interval's place between 0 and 1, on a line.
pub(super) fn interval(value: f64, low: f64, high: f64) -> String {
    let x = |share: f64| 4.0 + 112.0 * share;
    format!(
        "<svg class=\"interval\" viewBox=\"0 0 120 12\" width=\"120\" height=\"12\" aria-hidden=\"true\">\
         <line class=\"grid\" x1=\"4\" y1=\"6\" x2=\"116\" y2=\"6\"/>\
         <line class=\"curve\" x1=\"{:.1}\" y1=\"6\" x2=\"{:.1}\" y2=\"6\"/>\
         <circle class=\"dot\" cx=\"{:.1}\" cy=\"6\" r=\"3.5\"/></svg>",
        x(low),
        x(high),
        x(value)
    )
}

/// Room for the marks on the axes, in pixels.
const LEFT: f64 = 40.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 40.0;
/// Into how many steps each axis is divided.
const STEPS: usize = 5;

/// A plot of a share from 0 to `highest` over a share from 0 to 1, both marked in per cent.
pub(super) struct Plot {
    width: f64,
    height: f64,
    highest: f64,
    marks: Vec<String>,
}

impl Plot {
    /// An empty plot of this size in pixels, with its axes named.
    pub(super) fn new(width: f64, height: f64, highest: f64, across: &str, up: &str) -> Self {
        let mut plot = Self { width, height, highest, marks: Vec::new() };
        for step in 0..=STEPS {
            let share = step as f64 / STEPS as f64;
            let ((x, bottom), (left, y)) = (plot.place((share, 0.0)), plot.place((0.0, share * highest)));
            let (top, right) = (TOP, width - RIGHT);
            plot.marks.push(format!("<line class=\"grid\" x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>"));
            plot.marks.push(format!("<line class=\"grid\" x1=\"{left:.1}\" y1=\"{y:.1}\" x2=\"{right:.1}\" y2=\"{y:.1}\"/>"));
            plot.text(x, bottom + 18.0, "middle", &format!("{:.0}", 100.0 * share));
            plot.text(left - 10.0, y + 4.0, "end", &format!("{:.0}", 100.0 * share * highest));
        }
        plot.text(f64::midpoint(LEFT, width - RIGHT), height - 6.0, "middle", across);
        plot.text(4.0, 13.0, "start", up);
        plot
    }

    /// A line through points, in the colour of a class of the style sheet.
    pub(super) fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        let places: Vec<String> = points.iter().map(|&point| self.place(point)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.marks.push(format!("<polyline class=\"{class}\" points=\"{}\"/>", places.join(" ")));
    }

    /// A dot that says what it is when it is pointed at.
    pub(super) fn dot(&mut self, point: (f64, f64), radius: f64, title: &str) {
        let (x, y) = self.place(point);
        let title = escape(title);
        self.marks.push(format!("<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"><title>{title}</title></circle>"));
    }

    /// The drawing, with what it shows for those who don't see it.
    pub(super) fn finish(self, description: &str) -> String {
        let Self { width, height, marks, highest: _ } = self;
        let description = escape(description);
        format!(
            "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\" aria-label=\"{description}\">{}</svg>",
            marks.concat()
        )
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let text = escape(text);
        self.marks.push(format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"));
    }

    /// Where a point is drawn.
    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (across, up) = (self.width - LEFT - RIGHT, self.height - TOP - BOTTOM);
        (LEFT + across * x, TOP + up * (1.0 - y / self.highest))
    }
}

/// The least round share that is not below `share` and divides into steps of whole per cents.
pub(super) fn round_up(share: f64) -> f64 {
    let steps = (100.0 * share / STEPS as f64).ceil().max(1.0);
    (steps * STEPS as f64 / 100.0).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_drawn_in_their_places() {
        let mut plot = Plot::new(154.0, 166.0, 0.5, "across", "up & on");
        plot.line("curve", &[(0.0, 0.0), (1.0, 0.5), (0.5, 0.25)]);
        let svg = plot.finish("a <line>");
        assert!(svg.contains("points=\"40.0,126.0 140.0,26.0 90.0,76.0\""), "{svg}");
        assert!(svg.contains("up &amp; on") && svg.contains("aria-label=\"a &lt;line&gt;\""), "{svg}");
    }

    #[test]
    fn axes_end_at_whole_steps() {
        for (share, end) in [(0.0, 0.05), (0.05, 0.05), (0.051, 0.1), (0.22, 0.25), (0.99, 1.0), (1.0, 1.0)] {
            assert!((round_up(share) - end).abs() < 1e-12, "{share}: {}", round_up(share));
        }
    }
}
