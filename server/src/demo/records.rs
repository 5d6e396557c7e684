//! Fields, customers and inquiries of the demo, set up through their own ports.

use domain::ids::{ChoiceId, CustomerId, FieldId, InquiryId};
use domain::records::{Before, Choice, Choices, Entered, Field, Key, Kind, Owner, Value};
use domain::roles::Role;
use wire::ApiResult;
use wire::customers::{CustomersPort, SaveCustomer};
use wire::inquiries::{InquiriesPort, SaveInquiry};
use wire::records::{FieldChange, FieldsPort};
use wire::session::Actor;

use super::people::{SATO, SUZUKI, id};
use super::seed::administrator;

/// The number of one customer.
pub(super) const KNOWN: &str = "+817012345678";
/// The number of two.
pub(super) const SHARED: &str = "+818011112222";

const MEMBER: FieldId = FieldId(id(0x500));
const ADDRESS: FieldId = FieldId(id(0x501));
const BORN: FieldId = FieldId(id(0x502));
const MEMO: FieldId = FieldId(id(0x503));
const LARGE: FieldId = FieldId(id(0x510));
const MIDDLE: FieldId = FieldId(id(0x511));
const ASKED: FieldId = FieldId(id(0x512));
const STATE: FieldId = FieldId(id(0x513));

/// What can be chosen of each: number, label, and under which numbers of the parent.
type Offer = (u128, &'static str, &'static [u128]);
const SUBJECTS: [Offer; 3] = [(1, "商品", &[]), (2, "配送", &[]), (3, "請求", &[])];
const MIDDLES: [Offer; 7] = [
    (11, "不良・破損", &[1]),
    (12, "使い方", &[1]),
    (13, "返品・交換", &[1, 2]),
    (21, "未着・遅れ", &[2]),
    (22, "住所変更", &[2]),
    (31, "支払い方法", &[3]),
    (32, "領収書", &[3]),
];
const STATES: [Offer; 3] = [(41, "対応中", &[]), (42, "折り返し待ち", &[]), (43, "完了", &[])];

/// A customer: number, name, reading, phones, member's number, address, memo.
type Person = (u128, &'static str, &'static str, &'static [&'static str], &'static str, &'static str, &'static str);
const PEOPLE: [Person; 5] = [
    (
        1,
        "山田 太郎",
        "ヤマダ タロウ",
        &[KNOWN, "03-5555-0101"],
        "M-0001-2345",
        "東京都千代田区丸の内1-1",
        "電話は夕方がよい。",
    ),
    (2, "鈴木 一郎", "スズキ イチロウ", &[SHARED], "M-0002-4567", "大阪府大阪市北区梅田2-2", ""),
    (3, "鈴木 花子", "スズキ ハナコ", &[SHARED, "06-5555-0202"], "", "大阪府大阪市北区梅田2-2", "ご主人も顧客。"),
    (4, "김민수", "キム ミンス", &["+82 10-5555-0303"], "M-0004-8901", "", "한국어로 상담."),
    (5, "Emma Clark", "エマ クラーク", &["+44 20 7946 0404"], "", "London", "Prefers English."),
];

/// Fills a database without any field. What a newcomer has changed or added since stays as it is.
///
/// # Errors
/// The database failed.
pub async fn seed_records(
    fields: &dyn FieldsPort,
    customers: &dyn CustomersPort,
    inquiries: &dyn InquiriesPort,
) -> ApiResult<()> {
    let known = fields.fields(administrator()).await?;
    if !known.customer.is_empty() || !known.inquiry.is_empty() {
        return Ok(());
    }
    // The last ones say that all is there: a start that broke off goes on here.
    for person in PEOPLE {
        customers.save(agent(0), built_in(person)).await?;
    }
    for field in all_fields() {
        fields.save(administrator(), field).await?;
    }
    for person in PEOPLE {
        customers.save(agent(0), more(person)).await?;
    }
    for (n, whose, large, middle, words) in [
        (1, 1, 1, 13, "サイズが合わなかったため、交換を希望。Mサイズを発送する。"),
        (2, 1, 2, 21, "交換品がまだ届かない。配送会社に確認して折り返す。"),
        (3, 3, 3, 32, "領収書の宛名の変更。"),
    ] {
        inquiries.save(agent(n), inquiry(n, whose, large, middle, words)).await?;
    }
    Ok(())
}

fn agent(n: u128) -> Actor {
    let user = if n.is_multiple_of(2) { SATO.id } else { SUZUKI.id };
    Actor { user, role: Role::Agent, session: String::new() }
}

const fn choice_id(n: u128) -> ChoiceId {
    ChoiceId(id(0x600 + n))
}

fn choices(parent: Option<FieldId>, offers: &[Offer]) -> Kind {
    let choice = |(n, label, under): &Offer| Choice {
        id: choice_id(*n),
        label: (*label).to_owned(),
        under: under.iter().map(|n| choice_id(*n)).collect(),
        active: true,
    };
    Kind::Choice(Choices { parent, options: offers.iter().map(choice).collect() })
}

fn field(id: FieldId, owner: Owner, label: &str, kind: Kind) -> Field {
    Field {
        id,
        owner,
        label: label.to_owned(),
        kind,
        required: false,
        help: String::new(),
        default: None,
        sensitive: None,
        active: true,
        position: 0,
    }
}

fn all_fields() -> Vec<Field> {
    vec![
        Field {
            sensitive: Some(Role::Supervisor),
            help: "例：M-0001-2345".to_owned(),
            ..field(MEMBER, Owner::Customer, "会員番号", Kind::Text)
        },
        field(ADDRESS, Owner::Customer, "住所", Kind::Text),
        field(BORN, Owner::Customer, "生年月日", Kind::Date),
        field(MEMO, Owner::Customer, "メモ", Kind::LongText),
        field(LARGE, Owner::Inquiry, "大分類", choices(None, &SUBJECTS)),
        field(MIDDLE, Owner::Inquiry, "中分類", choices(Some(LARGE), &MIDDLES)),
        Field { required: true, ..field(ASKED, Owner::Inquiry, "相談内容", Kind::LongText) },
        Field {
            default: Some(Value::Choice(choice_id(41))),
            ..field(STATE, Owner::Inquiry, "対応状況", choices(None, &STATES))
        },
    ]
}

fn fill(key: Key, after: Entered) -> FieldChange {
    FieldChange { key, before: Before::Saw(None), after }
}

fn text(key: Key, words: &str) -> Option<FieldChange> {
    (!words.is_empty()).then(|| fill(key, Entered::Text(words.to_owned())))
}

fn customer_id(n: u128) -> CustomerId {
    CustomerId(id(0x700 + n))
}

fn built_in((n, name, reading, phones, ..): Person) -> SaveCustomer {
    let phones = Entered::Lines(phones.iter().map(|&number| number.to_owned()).collect());
    let changes = [text(Key::Name, name), text(Key::Reading, reading), Some(fill(Key::Phones, phones))];
    SaveCustomer {
        id: customer_id(n),
        version: None,
        changes: changes.into_iter().flatten().collect(),
        interaction: None,
    }
}

fn more((n, _, _, _, member, address, memo): Person) -> SaveCustomer {
    let changes = [text(Key::Field(MEMBER), member), text(Key::Field(ADDRESS), address), text(Key::Field(MEMO), memo)];
    SaveCustomer {
        id: customer_id(n),
        version: None,
        changes: changes.into_iter().flatten().collect(),
        interaction: None,
    }
}

fn inquiry(n: u128, whose: u128, large: u128, middle: u128, words: &str) -> SaveInquiry {
    let chosen = |field, n| fill(Key::Field(field), Entered::Choice(Some(choice_id(n))));
    SaveInquiry {
        id: InquiryId(id(0x800 + n)),
        version: None,
        customer: customer_id(whose),
        interaction: None,
        changes: vec![
            chosen(LARGE, large),
            chosen(MIDDLE, middle),
            fill(Key::Field(ASKED), Entered::Text(words.to_owned())),
            chosen(STATE, if n == 2 { 42 } else { 43 }),
        ],
        attachments: Vec::new(),
    }
}
