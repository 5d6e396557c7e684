//! Records as lines of a file.

use domain::records::{Key, Owner};
use domain::time::Timestamp;
use wire::record_files::Column;
use wire::records::{Fields, Shown};

use super::Line;

/// What stands above the columns where the desk names none: codes for what every company has, labels for its own fields.
pub(super) fn headings(columns: &[Column], fields: &Fields) -> Vec<String> {
    let heading = |column: &Column| match column {
        Column::Field(Key::Field(id)) => fields.get(*id).map(|field| field.label.clone()).unwrap_or_default(),
        Column::Field(key) => key.to_string(),
        Column::Updated => "updated".to_owned(),
        Column::LastContact => "last_contact".to_owned(),
        Column::Created => "created".to_owned(),
        Column::Writer => "writer".to_owned(),
        Column::Customer => "customer".to_owned(),
    };
    columns.iter().map(heading).collect()
}

/// The usual columns.
pub(super) fn usual(owner: Owner, fields: &Fields) -> Vec<Column> {
    let own = fields.of(owner).iter().filter(|field| field.active).map(|field| Column::Field(Key::Field(field.id)));
    match owner {
        Owner::Customer => Key::BUILT_IN
            .into_iter()
            .map(Column::Field)
            .chain(own)
            .chain([Column::Updated, Column::LastContact])
            .collect(),
        Owner::Inquiry => [Column::Created, Column::Customer].into_iter().chain(own).chain([Column::Writer]).collect(),
    }
}

/// The cells of a record.
pub(super) fn cells(line: &Line, columns: &[Column], fields: &Fields) -> Vec<String> {
    let cell = |column: &Column| match column {
        Column::Field(key) => match line.values.get(key) {
            Some(Shown::Plain(value)) => value.text(|id| fields.choice(id).map(str::to_owned)),
            Some(Shown::Masked { tail, .. }) => format!("•••• {tail}").trim_end().to_owned(),
            None => String::new(),
        },
        Column::Updated => in_utc(line.updated),
        Column::LastContact => line.last_contact.map(in_utc).unwrap_or_default(),
        Column::Created => in_utc(line.created),
        Column::Writer => line.writer.clone().unwrap_or_default(),
        Column::Customer => line.customer.clone().unwrap_or_default(),
    };
    columns.iter().map(cell).collect()
}

/// `2026-11-22T03:04:05Z` (RFC 3339).
fn in_utc(at: Timestamp) -> String {
    let seconds = at.0.div_euclid(1_000);
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 1 March of the year 0, in cycles of 400 years (146,097 days): leap days come last in such years.
    let days = days + 719_468;
    let (cycle, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + cycle * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{of_month:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        for (at, written) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_795_316_645_999, "2026-11-22T03:04:05Z"),
            (1_709_251_199_000, "2024-02-29T23:59:59Z"),
            (1_735_689_599_000, "2024-12-31T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(in_utc(Timestamp(at)), written);
        }
    }
}
