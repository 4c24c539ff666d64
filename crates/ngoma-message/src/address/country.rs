//! Countries and how telephone numbers are written in each: one row a country.
//!
//! Calling codes are those assigned under ITU-T Recommendation E.164; trunk prefixes, international prefixes and lengths
//! are those of the national numbering plans as the ITU publishes them, compared with the metadata of libphonenumber 9.0.
//! Where a country has several international prefixes (one a carrier), the row has the main one. Lengths leave out what no
//! phone is called by: services, and the short local numbers of countries whose mobile numbers are much longer.

/// A country, for reading national numbers: its ISO 3166-1 alpha-2 code, looked up in the table of ITU calling codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country(&'static Row);

#[derive(Debug, PartialEq, Eq)]
struct Row {
    code: &'static str,
    calling_code: &'static str,
    trunk_prefix: &'static str,
    international_prefix: &'static str,
    shortest: usize,
    longest: usize,
}

impl Country {
    /// The country of a two-letter code (`ZA`, `za`), if it is known.
    pub fn parse(code: &str) -> Option<Self> {
        let code = code.trim().to_ascii_uppercase();
        let at = COUNTRIES.binary_search_by_key(&code.as_str(), |row| row.code).ok()?;
        Some(Self(&COUNTRIES[at]))
    }

    /// The countries whose numbers begin with a calling code that these digits begin with; several share `1` and `7`.
    pub(super) fn of_number(digits: &str) -> impl Iterator<Item = Self> {
        COUNTRIES
            .iter()
            .filter(move |row| digits.starts_with(row.calling_code))
            .map(Self)
    }

    /// The two-letter code.
    pub fn code(self) -> &'static str {
        self.0.code
    }

    /// The digits that stand for the country in an E.164 number: `27`.
    pub fn calling_code(self) -> &'static str {
        self.0.calling_code
    }

    /// What comes before a number dialled within the country: `0`, `06`, `8`, or nothing.
    pub fn trunk_prefix(self) -> &'static str {
        self.0.trunk_prefix
    }

    /// What comes before a number dialled to another country: `00`, `011`.
    pub fn international_prefix(self) -> &'static str {
        self.0.international_prefix
    }

    /// Digits in a person's shortest usual number, without trunk prefix and calling code.
    pub(super) fn shortest(self) -> usize {
        self.0.shortest
    }

    /// Digits in a person's longest usual number, without trunk prefix and calling code.
    pub(super) fn longest(self) -> usize {
        self.0.longest
    }
}

const fn row(
    code: &'static str,
    calling_code: &'static str,
    trunk_prefix: &'static str,
    international_prefix: &'static str,
    shortest: usize,
    longest: usize,
) -> Row {
    Row {
        code,
        calling_code,
        trunk_prefix,
        international_prefix,
        shortest,
        longest,
    }
}

/// Code, calling code, trunk prefix, international prefix, digits of the shortest and longest usual numbers.
static COUNTRIES: &[Row] = &[
    row("AC", "247", "", "00", 5, 5),
    row("AD", "376", "", "00", 6, 6),
    row("AE", "971", "0", "00", 8, 9),
    row("AF", "93", "0", "00", 9, 9),
    row("AG", "1", "1", "011", 10, 10),
    row("AI", "1", "1", "011", 10, 10),
    row("AL", "355", "0", "00", 8, 9),
    row("AM", "374", "0", "00", 8, 8),
    row("AO", "244", "", "00", 9, 9),
    row("AR", "54", "0", "00", 10, 11),
    row("AS", "1", "1", "011", 10, 10),
    row("AT", "43", "0", "00", 9, 11),
    row("AU", "61", "0", "0011", 9, 9),
    row("AW", "297", "", "00", 7, 7),
    row("AX", "358", "0", "00", 8, 10),
    row("AZ", "994", "0", "00", 9, 9),
    row("BA", "387", "0", "00", 8, 9),
    row("BB", "1", "1", "011", 10, 10),
    row("BD", "880", "0", "00", 10, 10),
    row("BE", "32", "0", "00", 8, 9),
    row("BF", "226", "", "00", 8, 8),
    row("BG", "359", "0", "00", 7, 9),
    row("BH", "973", "", "00", 8, 8),
    row("BI", "257", "", "00", 8, 8),
    row("BJ", "229", "", "00", 10, 10),
    row("BL", "590", "0", "00", 9, 9),
    row("BM", "1", "1", "011", 10, 10),
    row("BN", "673", "", "00", 7, 7),
    row("BO", "591", "0", "00", 8, 8),
    row("BQ", "599", "", "00", 7, 7),
    row("BR", "55", "0", "00", 10, 11),
    row("BS", "1", "1", "011", 10, 10),
    row("BT", "975", "", "00", 7, 8),
    row("BW", "267", "", "00", 7, 8),
    row("BY", "375", "80", "810", 9, 9),
    row("BZ", "501", "", "00", 7, 7),
    row("CA", "1", "1", "011", 10, 10),
    row("CC", "61", "0", "0011", 9, 9),
    row("CD", "243", "0", "00", 9, 9),
    row("CF", "236", "", "00", 8, 8),
    row("CG", "242", "", "00", 9, 9),
    row("CH", "41", "0", "00", 9, 9),
    row("CI", "225", "", "00", 10, 10),
    row("CK", "682", "", "00", 5, 5),
    row("CL", "56", "", "00", 9, 9),
    row("CM", "237", "", "00", 9, 9),
    row("CN", "86", "0", "00", 10, 11),
    row("CO", "57", "0", "00", 8, 10),
    row("CR", "506", "", "00", 8, 8),
    row("CU", "53", "0", "119", 8, 8),
    row("CV", "238", "", "0", 7, 7),
    row("CW", "599", "", "00", 7, 8),
    row("CX", "61", "0", "0011", 9, 9),
    row("CY", "357", "", "00", 8, 8),
    row("CZ", "420", "", "00", 9, 9),
    row("DE", "49", "0", "00", 10, 11),
    row("DJ", "253", "", "00", 8, 8),
    row("DK", "45", "", "00", 8, 8),
    row("DM", "1", "1", "011", 10, 10),
    row("DO", "1", "1", "011", 10, 10),
    row("DZ", "213", "0", "00", 8, 9),
    row("EC", "593", "0", "00", 8, 9),
    row("EE", "372", "", "00", 7, 8),
    row("EG", "20", "0", "00", 8, 10),
    row("EH", "212", "0", "00", 9, 9),
    row("ER", "291", "0", "00", 7, 7),
    row("ES", "34", "", "00", 9, 9),
    row("ET", "251", "0", "00", 9, 9),
    row("FI", "358", "0", "00", 8, 10),
    row("FJ", "679", "", "00", 7, 7),
    row("FK", "500", "", "00", 5, 5),
    row("FM", "691", "", "00", 7, 7),
    row("FO", "298", "", "00", 6, 6),
    row("FR", "33", "0", "00", 9, 9),
    row("GA", "241", "", "00", 8, 8),
    row("GB", "44", "0", "00", 9, 10),
    row("GD", "1", "1", "011", 10, 10),
    row("GE", "995", "0", "00", 9, 9),
    row("GF", "594", "0", "00", 9, 9),
    row("GG", "44", "0", "00", 10, 10),
    row("GH", "233", "0", "00", 9, 9),
    row("GI", "350", "", "00", 8, 8),
    row("GL", "299", "", "00", 6, 6),
    row("GM", "220", "", "00", 7, 9),
    row("GN", "224", "", "00", 8, 9),
    row("GP", "590", "0", "00", 9, 9),
    row("GQ", "240", "", "00", 9, 9),
    row("GR", "30", "", "00", 10, 10),
    row("GT", "502", "", "00", 8, 8),
    row("GU", "1", "1", "011", 10, 10),
    row("GW", "245", "", "00", 9, 9),
    row("GY", "592", "", "001", 7, 7),
    row("HK", "852", "", "001", 8, 8),
    row("HN", "504", "", "00", 8, 8),
    row("HR", "385", "0", "00", 8, 9),
    row("HT", "509", "", "00", 8, 8),
    row("HU", "36", "06", "00", 8, 9),
    row("ID", "62", "0", "001", 9, 12),
    row("IE", "353", "0", "00", 9, 10),
    row("IL", "972", "0", "00", 9, 9),
    row("IM", "44", "0", "00", 10, 10),
    row("IN", "91", "0", "00", 10, 10),
    row("IO", "246", "", "00", 7, 7),
    row("IQ", "964", "0", "00", 8, 10),
    row("IR", "98", "0", "00", 10, 10),
    row("IS", "354", "", "00", 7, 9),
    row("IT", "39", "", "00", 9, 11),
    row("JE", "44", "0", "00", 10, 10),
    row("JM", "1", "1", "011", 10, 10),
    row("JO", "962", "0", "00", 8, 9),
    row("JP", "81", "0", "010", 9, 10),
    row("KE", "254", "0", "000", 7, 9),
    row("KG", "996", "0", "00", 9, 9),
    row("KH", "855", "0", "001", 8, 9),
    row("KI", "686", "0", "00", 8, 8),
    row("KM", "269", "", "00", 7, 7),
    row("KN", "1", "1", "011", 10, 10),
    row("KP", "850", "0", "00", 8, 10),
    row("KR", "82", "0", "001", 9, 10),
    row("KW", "965", "", "00", 8, 8),
    row("KY", "1", "1", "011", 10, 10),
    row("KZ", "7", "8", "810", 10, 10),
    row("LA", "856", "0", "00", 8, 10),
    row("LB", "961", "0", "00", 7, 8),
    row("LC", "1", "1", "011", 10, 10),
    row("LI", "423", "0", "00", 7, 9),
    row("LK", "94", "0", "00", 9, 9),
    row("LR", "231", "0", "00", 7, 9),
    row("LS", "266", "", "00", 8, 8),
    row("LT", "370", "0", "00", 8, 8),
    row("LU", "352", "", "00", 9, 11),
    row("LV", "371", "", "00", 8, 8),
    row("LY", "218", "0", "00", 9, 9),
    row("MA", "212", "0", "00", 9, 9),
    row("MC", "377", "0", "00", 8, 9),
    row("MD", "373", "0", "00", 8, 8),
    row("ME", "382", "0", "00", 8, 8),
    row("MF", "590", "0", "00", 9, 9),
    row("MG", "261", "0", "00", 9, 9),
    row("MH", "692", "1", "011", 7, 7),
    row("MK", "389", "0", "00", 8, 8),
    row("ML", "223", "", "00", 8, 8),
    row("MM", "95", "0", "00", 8, 10),
    row("MN", "976", "0", "001", 8, 10),
    row("MO", "853", "", "00", 8, 8),
    row("MP", "1", "1", "011", 10, 10),
    row("MQ", "596", "0", "00", 9, 9),
    row("MR", "222", "", "00", 8, 8),
    row("MS", "1", "1", "011", 10, 10),
    row("MT", "356", "", "00", 8, 8),
    row("MU", "230", "", "00", 7, 8),
    row("MV", "960", "", "00", 7, 7),
    row("MW", "265", "0", "00", 7, 9),
    row("MX", "52", "", "00", 10, 10),
    row("MY", "60", "0", "00", 8, 10),
    row("MZ", "258", "", "00", 8, 9),
    row("NA", "264", "0", "00", 8, 9),
    row("NC", "687", "", "00", 6, 6),
    row("NE", "227", "", "00", 8, 8),
    row("NF", "672", "", "00", 6, 6),
    row("NG", "234", "0", "009", 10, 10),
    row("NI", "505", "", "00", 8, 8),
    row("NL", "31", "0", "00", 9, 9),
    row("NO", "47", "", "00", 8, 8),
    row("NP", "977", "0", "00", 8, 10),
    row("NR", "674", "", "00", 7, 7),
    row("NU", "683", "", "00", 4, 7),
    row("NZ", "64", "0", "00", 8, 10),
    row("OM", "968", "", "00", 8, 8),
    row("PA", "507", "", "00", 7, 8),
    row("PE", "51", "0", "00", 8, 9),
    row("PF", "689", "", "00", 8, 8),
    row("PG", "675", "", "00", 7, 8),
    row("PH", "63", "0", "00", 10, 10),
    row("PK", "92", "0", "00", 9, 10),
    row("PL", "48", "", "00", 7, 9),
    row("PM", "508", "0", "00", 6, 9),
    row("PR", "1", "1", "011", 10, 10),
    row("PS", "970", "0", "00", 8, 9),
    row("PT", "351", "", "00", 9, 9),
    row("PW", "680", "", "011", 7, 7),
    row("PY", "595", "0", "00", 7, 9),
    row("QA", "974", "", "00", 8, 8),
    row("RE", "262", "0", "00", 9, 9),
    row("RO", "40", "0", "00", 9, 9),
    row("RS", "381", "0", "00", 8, 10),
    row("RU", "7", "8", "810", 10, 10),
    row("RW", "250", "0", "00", 8, 9),
    row("SA", "966", "0", "00", 9, 9),
    row("SB", "677", "", "00", 5, 7),
    row("SC", "248", "", "00", 7, 7),
    row("SD", "249", "0", "00", 9, 9),
    row("SE", "46", "0", "00", 7, 9),
    row("SG", "65", "", "001", 8, 8),
    row("SH", "290", "", "00", 5, 5),
    row("SI", "386", "0", "00", 8, 8),
    row("SJ", "47", "", "00", 8, 8),
    row("SK", "421", "0", "00", 7, 9),
    row("SL", "232", "0", "00", 8, 8),
    row("SM", "378", "", "00", 8, 10),
    row("SN", "221", "", "00", 9, 9),
    row("SO", "252", "0", "00", 7, 9),
    row("SR", "597", "", "00", 6, 7),
    row("SS", "211", "0", "00", 9, 9),
    row("ST", "239", "", "00", 7, 7),
    row("SV", "503", "", "00", 8, 8),
    row("SX", "1", "1", "011", 10, 10),
    row("SY", "963", "0", "00", 8, 9),
    row("SZ", "268", "", "00", 8, 8),
    row("TC", "1", "1", "011", 10, 10),
    row("TD", "235", "", "00", 8, 8),
    row("TG", "228", "", "00", 8, 8),
    row("TH", "66", "0", "001", 8, 9),
    row("TJ", "992", "", "810", 9, 9),
    row("TK", "690", "", "00", 4, 7),
    row("TL", "670", "", "00", 7, 8),
    row("TM", "993", "8", "810", 8, 8),
    row("TN", "216", "", "00", 8, 8),
    row("TO", "676", "", "00", 5, 7),
    row("TR", "90", "0", "00", 10, 10),
    row("TT", "1", "1", "011", 10, 10),
    row("TV", "688", "", "00", 5, 7),
    row("TW", "886", "0", "002", 8, 9),
    row("TZ", "255", "0", "000", 9, 9),
    row("UA", "380", "0", "00", 9, 9),
    row("UG", "256", "0", "000", 9, 9),
    row("US", "1", "1", "011", 10, 10),
    row("UY", "598", "0", "00", 8, 8),
    row("UZ", "998", "", "00", 9, 9),
    row("VA", "39", "", "00", 9, 11),
    row("VC", "1", "1", "011", 10, 10),
    row("VE", "58", "0", "00", 10, 10),
    row("VG", "1", "1", "011", 10, 10),
    row("VI", "1", "1", "011", 10, 10),
    row("VN", "84", "0", "00", 9, 10),
    row("VU", "678", "", "00", 5, 7),
    row("WF", "681", "", "00", 6, 6),
    row("WS", "685", "", "0", 5, 7),
    row("XK", "383", "0", "00", 8, 9),
    row("YE", "967", "0", "00", 7, 9),
    row("YT", "262", "0", "00", 9, 9),
    row("ZA", "27", "0", "00", 9, 9),
    row("ZM", "260", "0", "00", 9, 9),
    row("ZW", "263", "0", "00", 9, 9),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_row_is_well_formed() {
        assert!(COUNTRIES.is_sorted_by(|before, after| before.code < after.code));
        for row in COUNTRIES {
            let all = [row.calling_code, row.trunk_prefix, row.international_prefix];
            assert!(
                all.iter().all(|digits| digits.bytes().all(|b| b.is_ascii_digit())),
                "{row:?}"
            );
            assert!(
                row.code.len() == 2 && row.code.bytes().all(|b| b.is_ascii_uppercase()),
                "{row:?}"
            );
            assert!(
                (1..=3).contains(&row.calling_code.len()) && !row.calling_code.starts_with('0'),
                "{row:?}"
            );
            assert!(
                !row.international_prefix.is_empty() && row.shortest <= row.longest,
                "{row:?}"
            );
            assert!(row.calling_code.len() + row.longest <= 15, "{row:?}");
        }
    }

    #[test]
    fn no_calling_code_begins_with_another() {
        for row in COUNTRIES {
            let mut longer = COUNTRIES
                .iter()
                .filter(|other| other.calling_code.starts_with(row.calling_code));
            assert!(longer.all(|other| other.calling_code == row.calling_code), "{row:?}");
        }
    }

    #[test]
    fn a_country_is_known_by_its_code_in_either_case() {
        let check = |code: &str, expected: Option<(&str, &str, &str)>| {
            let found = Country::parse(code).map(|c| (c.calling_code(), c.trunk_prefix(), c.international_prefix()));
            assert_eq!(found, expected, "{code}");
        };
        check("ZA", Some(("27", "0", "00")));
        check(" za ", Some(("27", "0", "00")));
        check("US", Some(("1", "1", "011")));
        check("IT", Some(("39", "", "00")));
        check("HU", Some(("36", "06", "00")));
        check("RU", Some(("7", "8", "810")));
        check("KZ", Some(("7", "8", "810")));
        check("KE", Some(("254", "0", "000")));
        check("NG", Some(("234", "0", "009")));
        check("AU", Some(("61", "0", "0011")));
        check("ZZ", None);
        check("", None);
        check("ZAF", None);
        check("ß", None);
    }
}
