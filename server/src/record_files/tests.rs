//! What an import and an export keep to, on both databases.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::to_bytes;
use bytes::Bytes;
use domain::ids::{ChoiceId, ClientId, CustomerId, FieldId, ImportId, UserId};
use domain::phone::ShownNumber;
use domain::records::{Before, Choice, Choices, Entered, Field, Key, Kind, Owner, Value};
use domain::roles::Role;
use domain::time::Timestamp;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wire::customers::{CustomersPort, ListQuery, SaveCustomer, Saved, Sort, SortBy};
use wire::record_files::{Column, Duplicates, Import, ImportState, RecordFilesPort};
use wire::records::{FieldChange, FieldsPort, Shown};
use wire::session::Actor;
use wire::{ApiError, Problem};

use super::RecordFiles;
use super::routes::{Asked, export};
use super::table::rows;
use crate::clock::{Clock, Hands};
use crate::customers::Customers;
use crate::db::testing::TestDb;
use crate::db::{Db, DbError};
use crate::files::Files;
use crate::inquiries::Inquiries;
use crate::realtime::{Hub, Outgoing};
use crate::startup::RecordDesks;
use crate::telephony::numbers::NumberingPlan;
use crate::{audit, execute, fetch_all, fetch_one, on_both, records as record_fields};

pub(crate) const SATO: UserId = UserId(Uuid::from_u128(1));
pub(crate) const SUZUKI: UserId = UserId(Uuid::from_u128(2));

/// The slices of records over one database, joined as the product joins them.
pub(crate) struct House {
    pub(crate) db: Db,
    pub(crate) hands: Hands,
    clock: Clock,
    hub: Hub,
    store: Files,
    pub(crate) customers: Arc<Customers>,
    pub(crate) inquiries: Arc<Inquiries>,
    records: Arc<record_fields::Records>,
    _dir: TempDir,
}

pub(crate) async fn house(db: &TestDb) -> House {
    let (clock, hands) = Clock::held(Timestamp(1_800_000_000_000));
    let hub = Hub::new(clock.clone());
    let dir = tempfile::tempdir().unwrap();
    let store = Files::local(dir.path()).unwrap();
    let RecordDesks { records, customers, inquiries, .. } = desks(&db.db, &clock, &hub, &store);
    for (id, name) in [(SATO, "佐藤"), (SUZUKI, "鈴木")] {
        db.write::<_, DbError, _>(move |tx| {
            Box::pin(async move {
                execute!(
                    tx,
                    "INSERT INTO users (id, login, display_name, role, password_hash, created_at, updated_at)
                     VALUES ($1, $1, $2, 'agent', '', 0, 0)",
                    id.to_string(),
                    name
                )
            })
        })
        .await
        .unwrap();
    }
    House { db: db.db.clone(), hands, clock, hub, store, customers, inquiries, records, _dir: dir }
}

fn desks(db: &Db, clock: &Clock, hub: &Hub, store: &Files) -> RecordDesks {
    RecordDesks::new(db.clone(), clock.clone(), hub.clone(), NumberingPlan::of("JP").unwrap(), store.clone())
}

impl House {
    pub(crate) async fn field(&self, owner: Owner, label: &str, kind: Kind, sensitive: Option<Role>) -> FieldId {
        let field = Field {
            id: FieldId(Uuid::new_v4()),
            owner,
            label: label.to_owned(),
            kind,
            required: false,
            help: String::new(),
            default: None,
            sensitive,
            active: true,
            position: 0,
        };
        let admin = Actor { role: Role::Administrator, ..boss() };
        self.records.save(admin, field).await.unwrap().id
    }

    pub(crate) async fn customer(&self, changes: Vec<FieldChange>) -> CustomerId {
        let id = CustomerId(Uuid::new_v4());
        let save = SaveCustomer { id, version: None, changes, interaction: None };
        let saved = self.customers.save(agent(SATO), save).await.unwrap();
        assert!(matches!(saved, Saved::Stored(_)), "{saved:?}");
        id
    }
}

pub(crate) fn choices(labels: &[&str]) -> Kind {
    let choice = |(n, label): (u128, &&str)| Choice {
        id: ChoiceId(Uuid::from_u128(n)),
        label: (*label).to_owned(),
        under: Vec::new(),
        active: true,
    };
    Kind::Choice(Choices { parent: None, options: (1..).zip(labels).map(choice).collect() })
}

/// A change of what was empty.
pub(crate) fn fill(key: Key, after: Entered) -> FieldChange {
    FieldChange { key, before: Before::Saw(None), after }
}

pub(crate) fn text(text: &str) -> Entered {
    Entered::Text(text.to_owned())
}

pub(crate) fn agent(user: UserId) -> Actor {
    Actor { user, role: Role::Agent, session: String::new() }
}

fn boss() -> Actor {
    Actor { user: SATO, role: Role::Supervisor, session: String::new() }
}

fn files(house: &House) -> RecordFiles {
    desks(&house.db, &house.clock, &house.hub, &house.store).files
}

async fn receive(files: &RecordFiles, text: &str) -> Import {
    files.receive(boss(), "customers.csv", Bytes::from(text.to_owned())).await.unwrap()
}

/// Lets what runs run until it says that it does not any more.
async fn to_the_end(house: &House, files: &RecordFiles, id: ImportId) -> Import {
    let mut desk = house.hub.attach(SATO, ClientId(Uuid::new_v4()), String::new(), None).frames;
    let stop = CancellationToken::new();
    let running = tokio::spawn(files.clone().run(stop.clone()));
    while files.import(boss(), id).await.unwrap().state == ImportState::Running {
        assert!(matches!(desk.recv().await, Some(Outgoing::Frame(_))), "the import goes on without a word");
    }
    stop.cancel();
    running.await.unwrap();
    files.import(boss(), id).await.unwrap()
}

async fn import(house: &House, text: &str, duplicates: Duplicates) -> Import {
    let files = files(house);
    let import = receive(&files, text).await;
    files.run_import(&import, duplicates).await;
    to_the_end(house, &files, import.id).await
}

impl RecordFiles {
    async fn run_import(&self, import: &Import, duplicates: Duplicates) {
        RecordFilesPort::run(self, boss(), import.id, import.mapping.clone(), duplicates).await.unwrap();
    }
}

async fn exported(house: &House, query: ListQuery, columns: &[Column]) -> String {
    let asked = Asked {
        owner: Owner::Customer,
        query: Some(serde_json::to_string(&query).unwrap()),
        columns: Some(serde_json::to_string(columns).unwrap()),
        headings: None,
    };
    let response = export(files(house), boss(), asked).await.unwrap();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

const BUILT_IN: [Column; 3] = [Column::Field(Key::Name), Column::Field(Key::Reading), Column::Field(Key::Phones)];

async fn names(house: &House) -> Vec<String> {
    let all = exported(house, in_order_of_readings(), &[Column::Field(Key::Name)]).await;
    rows(all.trim_start_matches('\u{FEFF}'))
        .map(|rows| rows.into_iter().skip(1).map(|row| row.cells[0].clone()).collect())
        .unwrap_or_default()
}

fn in_order_of_readings() -> ListQuery {
    ListQuery { sort: Sort { by: SortBy::Reading, descending: false }, ..ListQuery::default() }
}

async fn how_many(house: &House) -> i64 {
    fetch_one!(house.db, (i64,), "SELECT COUNT(*) FROM customers").unwrap().0
}

/// People whose readings are in the order of their numbers.
fn people(count: usize) -> String {
    const KANA: [&str; 10] = ["ア", "カ", "サ", "タ", "ナ", "ハ", "マ", "ヤ", "ラ", "ワ"];
    let mut text = String::from("name,reading,phones\r\n");
    for n in 0..count {
        let digits = format!("{n:06}");
        let reading: String = digits.bytes().map(|digit| KANA[usize::from(digit - b'0')]).collect();
        write!(text, "顧客{n},{reading},090-{:04}-{:04}\r\n", n / 10_000, n % 10_000).unwrap();
    }
    text
}

async fn round_trip(db: &TestDb, count: usize) {
    let house = house(db).await;
    let text = people(count);
    let done = import(&house, &text, Duplicates::Ask).await;
    assert_eq!((done.state, done.rows, done.done), (ImportState::Done, count as u64, count as u64));
    assert_eq!((done.created, done.updated, done.skipped, done.refused), (count as u64, 0, 0, 0));
    let out = exported(&house, in_order_of_readings(), &BUILT_IN).await;
    assert_eq!(out, format!("\u{FEFF}{text}"));
    // What came out is known, every row of it.
    let again = import(&house, &out, Duplicates::Skip).await;
    assert_eq!((again.created, again.skipped), (0, count as u64));
}

/// At full length.
#[tokio::test]
#[ignore = "minutes: make test-long"]
async fn a_hundred_thousand_customers_come_out_as_they_went_in_sqlite() {
    round_trip(&TestDb::sqlite().await, 100_000).await;
}

/// At full length.
#[tokio::test]
#[ignore = "minutes: make test-long"]
async fn a_hundred_thousand_customers_come_out_as_they_went_in_postgres() {
    round_trip(&TestDb::postgres().await, 100_000).await;
}

on_both! {
    async fn customers_come_out_as_they_went_in(db: TestDb) {
        round_trip(&db, 1_000).await;
    }

    async fn files_in_every_usual_encoding_are_understood(db: TestDb) {
        let house = house(&db).await;
        let japanese = "氏名,フリガナ,電話番号\r\n髙橋 花子,タカハシ ハナコ,03-1234-5678\r\n";
        let korean = "이름,전화번호\r\n김민수,+82 10-1234-5678\r\n";
        let sjis = encoding_rs::SHIFT_JIS.encode(japanese).0.into_owned();
        let cp949 = encoding_rs::EUC_KR.encode(korean).0.into_owned();
        let marked = "\u{FEFF}name\nSmith\n".as_bytes().to_vec();
        for (bytes, encoding) in [(sjis, "Shift_JIS"), (cp949, "CP949"), (marked, "UTF-8")] {
            let files = files(&house);
            let import = files.receive(boss(), "x.csv", Bytes::from(bytes)).await.unwrap();
            assert_eq!(import.encoding, encoding);
            assert!(import.mapping.iter().all(Option::is_some), "{:?}", import.mapping);
            assert_eq!((import.state, import.rows, import.sample.len()), (ImportState::Mapping, 1, 1));
            files.run_import(&import, Duplicates::Ask).await;
            assert_eq!(to_the_end(&house, &files, import.id).await.created, 1);
        }
        assert_eq!(names(&house).await, ["髙橋 花子", "Smith", "김민수"]);
        let refused = files(&house).receive(boss(), "x.csv", Bytes::from_static(&[0xFF, 0xFF, 0x00, 0x80])).await;
        assert_eq!(refused, Err(ApiError::field("file", Problem::WrongKind)));
        let empty = files(&house).receive(boss(), "x.csv", Bytes::from_static(b"name\n")).await;
        assert_eq!(empty, Err(ApiError::field("file", Problem::Required)));
    }

    async fn a_formula_leaves_as_text_and_comes_back_as_it_was(db: TestDb) {
        let house = house(&db).await;
        let formula = "=HYPERLINK(\"http://x\",\"y\")";
        let done = import(&house, "name,reading\n\"=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",a\n+1,b\n'=2,c\n", Duplicates::Ask).await;
        assert_eq!(done.created, 3, "{done:?}");
        let out = exported(&house, in_order_of_readings(), &BUILT_IN).await;
        assert_eq!(out, "\u{FEFF}name,reading,phones\r\n\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\",a,\r\n'+1,b,\r\n'=2,c,\r\n");
        assert_eq!(names(&house).await, [formula, "+1", "=2"]);
    }

    async fn a_row_that_is_wrong_says_where_and_stops_no_other(db: TestDb) {
        let house = house(&db).await;
        house.field(Owner::Customer, "区分", choices(&["個人", "法人"]), None).await;
        let text = "name,phones,区分\n森,0312345678,個人\nbad\u{7},0312345679,個人\n李,none,団体\n,,個人\n山田,,個人,more\n<b>x</b>,,\n";
        let done = import(&house, text, Duplicates::Ask).await;
        assert_eq!((done.done, done.created, done.refused), (6, 2, 4));
        assert!(done.sample.is_empty(), "what is through shows nobody any more");
        let left = files(&house).rows(boss(), done.id, false, None).await.unwrap();
        let wrong: Vec<(u64, Vec<(u32, Problem)>)> = left.rows.iter().map(|row| (row.line, row.wrong.clone())).collect();
        assert_eq!(wrong, [
            (3, vec![(0, Problem::ControlCharacter)]),
            (4, vec![(2, Problem::NotOffered)]),
            (5, vec![(0, Problem::Required)]),
            (6, vec![(3, Problem::Unknown)]),
        ]);
        assert_eq!((left.next, left.rows[1].cells.join("|").as_str()), (None, "李|none|団体"));
        assert_eq!(names(&house).await.len(), 2);
    }

    async fn duplicates_wait_until_somebody_decides(db: TestDb) {
        let house = house(&db).await;
        import(&house, "name,reading,phones\n山田 太郎,ヤマダ タロウ,0312345678\n森,モリ,\n李,リ,0399999999\n", Duplicates::Ask).await;
        // One by a number, one by name and reading in another spelling, one in the file itself; one namesake.
        let text = "name,reading,phones\n山田,,03-1234-5678\n森,ﾓﾘ,0355555555\n金,キム,0366666666\n金,,0366666666\n李,,\n";
        let files = files(&house);
        let asked = import(&house, text, Duplicates::Ask).await;
        assert_eq!((asked.state, asked.created, asked.refused), (ImportState::Done, 2, 0));
        let waiting = files.rows(boss(), asked.id, true, None).await.unwrap().rows;
        let there: Vec<(u64, &str)> = waiting.iter().map(|row| (row.line, row.duplicate_name.as_str())).collect();
        assert_eq!(there, [(2, "山田 太郎"), (3, "森"), (5, "金")]);

        files.decide(boss(), asked.id, vec![3], Duplicates::Update).await.unwrap();
        let decided = to_the_end(&house, &files, asked.id).await;
        assert_eq!((decided.updated, decided.done), (1, 5));
        let mori = waiting[1].duplicate_of.unwrap();
        let mori = house.customers.customer(boss(), mori).await.unwrap();
        let Some(Shown::Plain(Value::Phones(numbers))) = mori.values.get(&Key::Phones) else { panic!("{mori:?}") };
        assert_eq!(numbers.iter().map(|number: &ShownNumber| number.shown.as_str()).collect::<Vec<_>>(), ["03-5555-5555"]);

        files.decide(boss(), asked.id, vec![5], Duplicates::Create).await.unwrap();
        assert_eq!(to_the_end(&house, &files, asked.id).await.created, 3);
        files.decide(boss(), asked.id, Vec::new(), Duplicates::Skip).await.unwrap();
        assert_eq!(to_the_end(&house, &files, asked.id).await.skipped, 1);
        assert_eq!(files.rows(boss(), asked.id, true, None).await.unwrap().rows, []);
        let refused = files.decide(boss(), asked.id, Vec::new(), Duplicates::Ask).await;
        assert_eq!(refused, Err(ApiError::field("how", Problem::Malformed)));
        assert_eq!(how_many(&house).await, 6);
    }

    async fn an_update_adds_numbers_and_leaves_what_the_file_does_not_say(db: TestDb) {
        let house = house(&db).await;
        import(&house, "name,reading,phones\n山田,ヤマダ,0312345678\n", Duplicates::Ask).await;
        let done = import(&house, "name,reading,phones\n山田 太郎,,\"0312345678, 0387654321\"\n", Duplicates::Update).await;
        assert_eq!(done.updated, 1);
        let out = exported(&house, ListQuery::default(), &BUILT_IN).await;
        assert_eq!(out, "\u{FEFF}name,reading,phones\r\n山田 太郎,ヤマダ,\"03-1234-5678, 03-8765-4321\"\r\n");
    }

    async fn an_import_that_is_cut_off_goes_on_where_it_stood(db: TestDb) {
        let house = house(&db).await;
        let (text, before) = (people(450), files(&house));
        let import = receive(&before, &text).await;
        before.run_import(&import, Duplicates::Ask).await;
        let mut desk = house.hub.attach(SATO, ClientId(Uuid::new_v4()), String::new(), None).frames;
        let running = tokio::spawn(before.clone().run(CancellationToken::new()));
        desk.recv().await.unwrap();
        running.abort();
        running.await.unwrap_err();
        let cut = before.import(boss(), import.id).await.unwrap();
        assert!(cut.state == ImportState::Running && cut.done > 0, "{cut:?}");

        let done = to_the_end(&house, &files(&house), import.id).await;
        assert_eq!((done.state, done.done, done.created, done.refused), (ImportState::Done, 450, 450, 0));
        assert_eq!(exported(&house, in_order_of_readings(), &BUILT_IN).await, format!("\u{FEFF}{text}"));
        assert_eq!(fetch_all!(house.db, (i64,), "SELECT line FROM import_rows").unwrap(), []);
    }

    async fn a_stopped_import_keeps_what_is_in_and_can_go_on(db: TestDb) {
        let house = house(&db).await;
        let files = files(&house);
        let import = receive(&files, &people(250)).await;
        files.run_import(&import, Duplicates::Ask).await;
        let stopped = files.stop(boss(), import.id).await.unwrap();
        assert_eq!(stopped.state, ImportState::Stopped);
        assert_eq!(to_the_end(&house, &files, import.id).await.done, 0);
        files.run_import(&import, Duplicates::Ask).await;
        assert_eq!(to_the_end(&house, &files, import.id).await.created, 250);
        assert_eq!(RecordFilesPort::run(&files, boss(), import.id, import.mapping.clone(), Duplicates::Ask).await, Err(ApiError::Conflict));
    }

    async fn a_file_that_never_arrived_is_forgotten(db: TestDb) {
        let house = house(&db).await;
        let import = receive(&files(&house), "name\n森\n").await;
        let id = import.id.to_string();
        house.db.write(move |tx| Box::pin(async move {
            execute!(tx, "UPDATE imports SET state = 'arriving' WHERE id = $1", id)
        })).await.unwrap();
        assert_eq!(files(&house).import(boss(), import.id).await, Err(ApiError::NotFound));
        let other = receive(&files(&house), "name\n李\n").await;
        files(&house).run_import(&other, Duplicates::Ask).await;
        to_the_end(&house, &files(&house), other.id).await;
        assert_eq!(fetch_all!(house.db, (i64,), "SELECT line FROM import_rows").unwrap(), []);
        assert_eq!(files(&house).imports(boss()).await.unwrap().len(), 1);
    }

    async fn agents_move_no_records_and_supervisors_leave_a_line(db: TestDb) {
        let house = house(&db).await;
        let files = files(&house);
        let asked = || Asked { owner: Owner::Customer, query: None, columns: None, headings: None };
        assert!(matches!(export(files.clone(), agent(SUZUKI), asked()).await, Err(ApiError::Forbidden)));
        let refused = files.receive(agent(SUZUKI), "x", Bytes::from_static(b"name\nx\n")).await;
        assert_eq!(refused, Err(ApiError::Forbidden));
        assert_eq!(files.imports(agent(SUZUKI)).await, Err(ApiError::Forbidden));
        import(&house, "name\n森\n", Duplicates::Ask).await;
        export(files, boss(), asked()).await.unwrap();
        let lines = audit::page(&house.db, None).await.unwrap();
        let what: Vec<&str> = lines.iter().map(|line| line.what.as_str()).collect();
        assert_eq!(what, ["records.exported", "records.imported"]);
        assert!(lines.iter().all(|line| !line.detail.contains('森')), "{lines:?}");
    }

    async fn a_sensitive_field_leaves_masked(db: TestDb) {
        let house = house(&db).await;
        let field = house.field(Owner::Customer, "口座", Kind::Text, Some(Role::Supervisor)).await;
        import(&house, "name,口座\n森,12345678\n", Duplicates::Ask).await;
        let out = exported(&house, ListQuery::default(), &[Column::Field(Key::Name), Column::Field(Key::Field(field))]).await;
        assert_eq!(out, "\u{FEFF}name,口座\r\n森,•••• 5678\r\n");
    }

    async fn chosen_columns_are_remembered_for_each_user_and_list(db: TestDb) {
        let house = house(&db).await;
        let files = files(&house);
        let chosen = vec![Column::Updated, Column::Field(Key::Name)];
        files.choose_columns(agent(SATO), Owner::Customer, vec![Column::Created]).await.unwrap();
        files.choose_columns(agent(SATO), Owner::Customer, chosen.clone()).await.unwrap();
        assert_eq!(files.columns(agent(SATO), Owner::Customer).await, Ok(Some(chosen)));
        assert_eq!(files.columns(agent(SATO), Owner::Inquiry).await, Ok(None));
        assert_eq!(files.columns(agent(SUZUKI), Owner::Customer).await, Ok(None));
        for wrong in [Vec::new(), vec![Column::Updated, Column::Updated]] {
            assert!(files.choose_columns(agent(SATO), Owner::Customer, wrong).await.is_err());
        }
    }
}
