//! Customers made up from lists of common names: the same ones for the same numbers, whatever the machine.

use domain::phone::E164;
use server::search::Document;

const JA_SURNAMES: &[(&str, &str)] = &[
    ("佐藤", "サトウ"),
    ("鈴木", "スズキ"),
    ("高橋", "タカハシ"),
    ("田中", "タナカ"),
    ("伊藤", "イトウ"),
    ("渡辺", "ワタナベ"),
    ("山本", "ヤマモト"),
    ("中村", "ナカムラ"),
    ("小林", "コバヤシ"),
    ("加藤", "カトウ"),
    ("吉田", "ヨシダ"),
    ("山田", "ヤマダ"),
    ("佐々木", "ササキ"),
    ("山口", "ヤマグチ"),
    ("松本", "マツモト"),
    ("井上", "イノウエ"),
    ("木村", "キムラ"),
    ("林", "ハヤシ"),
    ("斎藤", "サイトウ"),
    ("清水", "シミズ"),
    ("山崎", "ヤマザキ"),
    ("森", "モリ"),
    ("池田", "イケダ"),
    ("橋本", "ハシモト"),
    ("阿部", "アベ"),
    ("石川", "イシカワ"),
    ("山下", "ヤマシタ"),
    ("中島", "ナカジマ"),
    ("石井", "イシイ"),
    ("小川", "オガワ"),
    ("前田", "マエダ"),
    ("岡田", "オカダ"),
    ("長谷川", "ハセガワ"),
    ("藤田", "フジタ"),
    ("後藤", "ゴトウ"),
    ("近藤", "コンドウ"),
    ("村上", "ムラカミ"),
    ("遠藤", "エンドウ"),
    ("青木", "アオキ"),
    ("坂本", "サカモト"),
    ("福田", "フクダ"),
    ("太田", "オオタ"),
    ("西村", "ニシムラ"),
    ("藤井", "フジイ"),
    ("岡本", "オカモト"),
    ("三浦", "ミウラ"),
    ("藤原", "フジワラ"),
    ("金子", "カネコ"),
    ("中野", "ナカノ"),
    ("中川", "ナカガワ"),
    ("原田", "ハラダ"),
    ("松田", "マツダ"),
    ("竹内", "タケウチ"),
    ("小野", "オノ"),
    ("田村", "タムラ"),
    ("中山", "ナカヤマ"),
    ("和田", "ワダ"),
    ("石田", "イシダ"),
    ("上田", "ウエダ"),
    ("李", "リ"),
    ("渡邊", "ワタナベ"),
    ("五十嵐", "イガラシ"),
    ("小笠原", "オガサワラ"),
    ("勅使河原", "テシガワラ"),
];
const JA_GIVEN: &[(&str, &str)] = &[
    ("太郎", "タロウ"),
    ("花子", "ハナコ"),
    ("翔太", "ショウタ"),
    ("美咲", "ミサキ"),
    ("大輔", "ダイスケ"),
    ("健一", "ケンイチ"),
    ("陽子", "ヨウコ"),
    ("誠", "マコト"),
    ("裕子", "ユウコ"),
    ("直樹", "ナオキ"),
    ("さくら", "サクラ"),
    ("愛", "アイ"),
    ("拓也", "タクヤ"),
    ("恵子", "ケイコ"),
    ("浩", "ヒロシ"),
    ("智子", "トモコ"),
    ("達也", "タツヤ"),
    ("由美", "ユミ"),
    ("学", "マナブ"),
    ("幸子", "サチコ"),
    ("和夫", "カズオ"),
    ("真由美", "マユミ"),
    ("剛", "ツヨシ"),
    ("久美子", "クミコ"),
    ("蓮", "レン"),
    ("結衣", "ユイ"),
    ("悠真", "ユウマ"),
    ("葵", "アオイ"),
    ("湊", "ミナト"),
    ("凛", "リン"),
    ("隆", "タカシ"),
    ("明美", "アケミ"),
    ("修", "オサム"),
    ("典子", "ノリコ"),
    ("勇気", "ユウキ"),
    ("麻衣", "マイ"),
    ("雄一郎", "ユウイチロウ"),
    ("千尋", "チヒロ"),
    ("賢治", "ケンジ"),
    ("彩香", "アヤカ"),
];
const KO_SURNAMES: &str = "김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심";
const KO_GIVEN: &str = "민준서연지우현수진영하은도윤예주성호태경미선희정아재원동훈상철규혜나라소율시유찬빈건";
const LATIN_GIVEN: &[&str] = &[
    "James",
    "Mary",
    "John",
    "Patricia",
    "Robert",
    "Jennifer",
    "Michael",
    "Linda",
    "David",
    "Elizabeth",
    "William",
    "Barbara",
    "Richard",
    "Susan",
    "Joseph",
    "Jessica",
    "Thomas",
    "Karen",
    "Maria",
    "José",
    "Jürgen",
    "Anna",
    "Pierre",
    "Nguyen",
    "Olga",
    "Ivan",
    "Chiara",
    "Lars",
    "Fatima",
    "Ahmed",
];
const LATIN_SURNAMES: &[&str] = &[
    "Smith",
    "Johnson",
    "Williams",
    "Brown",
    "Jones",
    "Garcia",
    "Miller",
    "Davis",
    "Rodriguez",
    "Martinez",
    "Hernandez",
    "Lopez",
    "Wilson",
    "Anderson",
    "Taylor",
    "Moore",
    "Jackson",
    "Martin",
    "Lee",
    "Thompson",
    "White",
    "Harris",
    "Clark",
    "Lewis",
    "Robinson",
    "Walker",
    "Müller",
    "Schmidt",
    "Dubois",
    "Rossi",
    "Tanaka",
    "Kim",
    "Ivanova",
    "Hansen",
];
const CITIES: &[&str] = &[
    "東京都新宿区",
    "大阪市北区",
    "名古屋市中区",
    "札幌市中央区",
    "福岡市博多区",
    "横浜市西区",
    "서울특별시 강남구",
    "부산광역시",
    "London",
    "仙台市青葉区",
];

/// Numbers that look random, each from the one before (splitmix64).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// One of them, the first ones more often, as names are.
    fn common<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let end = of.len() as u64;
        let place = self.below(end).min(self.below(end));
        of.get(usize::try_from(place).unwrap_or_default())
    }
}

/// In which language a customer's name is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Japanese,
    Korean,
    Latin,
}

/// A customer.
pub(crate) struct Person {
    pub(crate) language: Language,
    pub(crate) name: String,
    pub(crate) reading: String,
    pub(crate) number: String,
    pub(crate) second: Option<String>,
    pub(crate) email: String,
    pub(crate) city: &'static str,
}

impl Person {
    /// The customer of that number, as they are in this version.
    pub(crate) fn of(n: u64, version: u64) -> Self {
        let mut chance = Chance::of(n.wrapping_mul(0x5851_F42D_4C95_7F2D) ^ 0xC0FF_EE00);
        let language = match chance.below(20) {
            0..12 => Language::Japanese,
            12..17 => Language::Korean,
            _ => Language::Latin,
        };
        let (name, reading) = match language {
            Language::Japanese => {
                let (surname, surname_reading) = chance.common(JA_SURNAMES).copied().unwrap_or_default();
                let (given, given_reading) = chance.common(JA_GIVEN).copied().unwrap_or_default();
                (format!("{surname} {given}"), format!("{surname_reading} {given_reading}"))
            }
            Language::Korean => {
                let surnames: Vec<char> = KO_SURNAMES.chars().collect();
                let given: Vec<char> = KO_GIVEN.chars().collect();
                let letters = [chance.common(&surnames), chance.common(&given), chance.common(&given)];
                (letters.into_iter().flatten().collect(), String::new())
            }
            Language::Latin => {
                let given = chance.common(LATIN_GIVEN).copied().unwrap_or_default();
                let surname = chance.common(LATIN_SURNAMES).copied().unwrap_or_default();
                (format!("{given} {surname}"), String::new())
            }
        };
        let number = number(language, &mut chance);
        let second = (chance.below(4) == 0).then(|| self::number(language, &mut chance));
        let email = format!("{}{n}@{}.example", letters(&mut chance), letters(&mut chance));
        let city = chance.common(CITIES).copied().unwrap_or_default();
        let second =
            if version == 0 { second } else { Some(self::number(language, &mut Chance::of(n ^ (version << 40)))) };
        Self { language, name, reading, number, second, email, city }
    }

    /// What of them is searched.
    pub(crate) fn document(&self) -> Document {
        let mut document = Document::new();
        document.text(&self.name).text(&self.reading).text(&self.email).text(self.city);
        for number in std::iter::once(&self.number).chain(&self.second) {
            if let Ok(number) = E164::parse(number) {
                document.phone(&number);
            }
        }
        document
    }

    /// The first number as it is dialled in its own country.
    pub(crate) fn national(&self) -> String {
        let rest = self.number.get(3..).unwrap_or_default();
        if self.number.starts_with("+1") {
            self.number.get(2..).unwrap_or_default().to_owned()
        } else {
            format!("0{rest}")
        }
    }
}

fn number(language: Language, chance: &mut Chance) -> String {
    match language {
        Language::Japanese => match chance.below(10) {
            0..5 => format!("+8190{:08}", chance.below(100_000_000)),
            5..8 => format!("+8180{:08}", chance.below(100_000_000)),
            _ => format!("+813{:08}", 30_000_000 + chance.below(40_000_000)),
        },
        Language::Korean => format!("+8210{:08}", 20_000_000 + chance.below(80_000_000)),
        Language::Latin => format!("+1212{:07}", 2_000_000 + chance.below(8_000_000)),
    }
}

fn letters(chance: &mut Chance) -> String {
    const PARTS: &[&str] = &["ka", "to", "mi", "sa", "ne", "ru", "hi", "jo", "be", "lo", "chi", "an", "er", "ski"];
    (0..3).filter_map(|_| chance.common(PARTS)).copied().collect()
}
