//! Customers on both databases, with their inquiries, drafts and calls.

mod history;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::ids::{CustomerId, FieldId, FileId, InteractionId, UserId};
use domain::phone::E164;
use domain::records::{Before, Conflict, Entered, Field, Key, Kind, Owner, Value, Values};
use domain::roles::Role;
use domain::time::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;
use wire::customers::{Customer, CustomersPort, SaveCustomer, Saved};
use wire::inquiries::Inquiry;
use wire::interactions::CallRow;
use wire::records::{FieldChange, FieldsPort, Shown};
use wire::session::Actor;
use wire::{ApiError, ApiResult, FieldError, Problem};

use super::{Changed, Customers, Surroundings};
use crate::clock::{Clock, Hands};
use crate::db::testing::TestDb;
use crate::db::{Db, DbError};
use crate::drafts::Drafts;
use crate::files::Files;
use crate::inquiries::{self, Inquiries};
use crate::realtime::Hub;
use crate::records::Records;
use crate::telephony::links;
use crate::telephony::numbers::NumberingPlan;
use crate::{execute, fetch_all, on_both};

pub(crate) const SATO: UserId = UserId(Uuid::from_u128(1));
pub(crate) const SUZUKI: UserId = UserId(Uuid::from_u128(2));

/// The slices of records over one database, and calls as far as they are asked for.
pub(crate) struct House {
    pub(crate) db: Db,
    pub(crate) hands: Hands,
    pub(crate) records: Records,
    pub(crate) customers: Customers,
    pub(crate) inquiries: Inquiries,
    pub(crate) drafts: Drafts,
    pub(crate) files: Files,
    pub(crate) office: Arc<Office>,
    _dir: TempDir,
}

/// Who may write about which call, and what was told.
pub(crate) struct Office {
    db: Db,
    drafts: Drafts,
    pub(crate) had: Mutex<HashSet<(UserId, InteractionId)>>,
    pub(crate) looked: Mutex<Vec<Changed>>,
    late: Mutex<Option<(Customers, Inquiries)>>,
}

impl Office {
    fn late(&self) -> (Customers, Inquiries) {
        self.late.lock().unwrap().clone().unwrap()
    }

    fn had(&self, actor: &Actor, call: InteractionId) -> bool {
        actor.role >= Role::Supervisor || self.had.lock().unwrap().contains(&(actor.user, call))
    }
}

#[async_trait]
impl Surroundings for Office {
    async fn may_write_about(&self, actor: &Actor, call: InteractionId) -> ApiResult<bool> {
        Ok(self.had(actor, call))
    }

    async fn calls_of(&self, customer: CustomerId, before: Timestamp, limit: usize) -> ApiResult<Vec<CallRow>> {
        let interactions = crate::interactions::tests::interactions(&self.db);
        interactions.of_customer(customer, before, limit).await
    }

    async fn inquiries_of(
        &self,
        actor: &Actor,
        customer: CustomerId,
        before: Timestamp,
        limit: usize,
    ) -> ApiResult<Vec<Inquiry>> {
        self.late().1.of_customer(actor, customer, before, limit).await
    }

    fn look_again(&self, changed: Changed) {
        self.looked.lock().unwrap().push(changed);
    }

    async fn forget_files(&self, files: Vec<FileId>) {
        self.late().1.forget_files(files).await;
    }
}

#[async_trait]
impl inquiries::Surroundings for Office {
    async fn may_write_about(&self, actor: &Actor, call: InteractionId) -> ApiResult<bool> {
        Ok(self.had(actor, call))
    }

    async fn customer_of(&self, call: InteractionId) -> ApiResult<Option<(CustomerId, Values)>> {
        let link = links::of(&self.db, call).await?;
        let Some(id) = link.and_then(|link| link.customer) else { return Ok(None) };
        Ok(self.late().0.record(id).await?.map(|values| (id, values)))
    }

    fn look_again(&self, call: InteractionId) {
        self.looked.lock().unwrap().push(Changed { call: Some(call), ..Changed::default() });
    }

    async fn names_file(&self, file: FileId) -> ApiResult<bool> {
        use wire::drafts::DraftsPort;
        self.drafts.names_file(file).await
    }
}

pub(crate) async fn house(db: &TestDb) -> House {
    let db = db.db.clone();
    let (clock, hands) = Clock::held(Timestamp(1_800_000_000_000));
    let hub = Hub::new(clock.clone());
    let plan = NumberingPlan::of("JP").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let files = Files::local(dir.path()).unwrap();
    let drafts = Drafts::new(db.clone(), clock.clone(), hub.clone());
    let records = Records::new(db.clone(), clock.clone(), hub.clone(), plan);
    let office = Arc::new(Office {
        db: db.clone(),
        drafts: drafts.clone(),
        had: Mutex::default(),
        looked: Mutex::default(),
        late: Mutex::default(),
    });
    let (c, h, o) = (clock.clone(), hub.clone(), Arc::<Office>::clone(&office));
    let customers = Customers::new(db.clone(), c.clone(), h.clone(), plan, records.clone(), o.clone());
    let inquiries = Inquiries::new(db.clone(), c, h, plan, records.clone(), files.clone(), o);
    *office.late.lock().unwrap() = Some((customers.clone(), inquiries.clone()));
    user(&db, SATO, "佐藤").await;
    user(&db, SUZUKI, "鈴木").await;
    House { db, hands, records, customers, inquiries, drafts, files, office, _dir: dir }
}

async fn user(db: &Db, id: UserId, name: &'static str) {
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

pub(crate) fn agent(user: UserId) -> Actor {
    Actor { user, role: Role::Agent, session: String::new() }
}

pub(crate) fn boss() -> Actor {
    Actor { user: SATO, role: Role::Administrator, session: String::new() }
}

pub(crate) fn text(text: &str) -> Entered {
    Entered::Text(text.to_owned())
}

/// A change of what was empty.
pub(crate) fn fill(key: Key, after: Entered) -> FieldChange {
    FieldChange { key, before: Before::Saw(None), after }
}

/// A change of what was seen.
pub(crate) fn change(key: Key, before: Value, after: Entered) -> FieldChange {
    FieldChange { key, before: Before::Saw(Some(before)), after }
}

pub(crate) fn new_id() -> CustomerId {
    CustomerId(Uuid::new_v4())
}

fn name(name: &str) -> FieldChange {
    fill(Key::Name, text(name))
}

fn phones(numbers: &[&str]) -> FieldChange {
    fill(Key::Phones, Entered::Lines(numbers.iter().map(|&number| number.to_owned()).collect()))
}

fn number(text: &str) -> E164 {
    E164::parse(text).unwrap()
}

fn saving(id: CustomerId, version: Option<u32>, changes: Vec<FieldChange>) -> SaveCustomer {
    SaveCustomer { id, version, changes, interaction: None }
}

pub(crate) fn stored<T: std::fmt::Debug>(saved: Saved<T>) -> T {
    match saved {
        Saved::Stored(stored) => stored,
        Saved::Conflict { .. } => panic!("a conflict: {saved:?}"),
    }
}

fn plain(customer: &Customer, key: Key) -> Option<&Value> {
    match customer.values.get(&key) {
        Some(Shown::Plain(value)) => Some(value),
        Some(Shown::Masked { .. }) | None => None,
    }
}

fn words(customer: &Customer, key: Key) -> String {
    plain(customer, key).map(|value| value.text(|_| None)).unwrap_or_default()
}

impl House {
    pub(crate) async fn customer(&self, changes: Vec<FieldChange>) -> Customer {
        stored(self.customers.save(agent(SATO), saving(new_id(), None, changes)).await.unwrap())
    }

    pub(crate) async fn named(&self, called: &str, numbers: &[&str]) -> Customer {
        self.customer(vec![name(called), phones(numbers)]).await
    }

    pub(crate) async fn field(&self, owner: Owner, label: &str, kind: Kind) -> FieldId {
        self.field_like(owner, label, kind, |_| {}).await
    }

    pub(crate) async fn field_like(
        &self,
        owner: Owner,
        label: &str,
        kind: Kind,
        also: impl FnOnce(&mut Field),
    ) -> FieldId {
        let mut field = a_field(owner, label, kind);
        also(&mut field);
        self.records.save(boss(), field).await.unwrap().id
    }

    /// The call ends.
    pub(crate) async fn over(&self, call: InteractionId) {
        let end = "UPDATE interactions SET ended_at = started_at WHERE id = $1";
        self.db
            .write::<_, DbError, _>(move |tx| Box::pin(async move { execute!(tx, end, call.to_string()) }))
            .await
            .unwrap();
    }

    /// A call as telephony stores it.
    pub(crate) async fn call(&self, from: Option<&str>, by: UserId, at: i64, over: bool) -> InteractionId {
        let id = InteractionId(Uuid::new_v4());
        let from = from.map(str::to_owned);
        self.db
            .write::<_, DbError, _>(move |tx| {
                Box::pin(async move {
                    execute!(
                        tx,
                        "INSERT INTO interactions (id, kind, direction, customer_number, agent_id, started_at, ended_at)
                         VALUES ($1, 'call', 'inbound', $2, $3, $4, $5)",
                        id.to_string(),
                        from,
                        by.to_string(),
                        at,
                        over.then_some(at)
                    )
                })
            })
            .await
            .unwrap();
        self.office.had.lock().unwrap().insert((by, id));
        id
    }
}

pub(crate) fn a_field(owner: Owner, label: &str, kind: Kind) -> Field {
    Field {
        id: FieldId(Uuid::new_v4()),
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

fn wrong(result: ApiResult<Saved<Customer>>) -> Vec<(String, Problem)> {
    match result {
        Err(ApiError::Invalid { fields }) => {
            fields.into_iter().map(|FieldError { field, problem }| (field, problem)).collect()
        }
        other => panic!("not refused as invalid: {other:?}"),
    }
}

on_both! {
    async fn s33_saving_creates_the_customer_once_however_often_it_is_sent(db: TestDb) {
        let house = house(&db).await;
        let id = new_id();
        let save = || saving(id, None, vec![name(" 山田 太郎 "), phones(&["090-1234-5678", "", "０９０-１２３４-５６７８"])]);
        let first = stored(house.customers.save(agent(SATO), save()).await.unwrap());
        let again = stored(house.customers.save(agent(SATO), save()).await.unwrap());
        assert_eq!(first, again);
        assert_eq!((first.version, words(&first, Key::Name).as_str()), (1, "山田 太郎"));
        assert_eq!(words(&first, Key::Phones), "090-1234-5678");
        assert_eq!(first.created.name.as_deref(), Some("佐藤"));
        let found = house.customers.matches(agent(SUZUKI), number("+819012345678")).await.unwrap();
        assert_eq!(found.iter().map(|found| found.id).collect::<Vec<_>>(), [id]);
    }

    async fn s34_saving_a_known_customer_changes_that_one_and_makes_no_second(db: TestDb) {
        let house = house(&db).await;
        let before = house.named("山田", &["09012345678"]).await;
        let saw = plain(&before, Key::Name).unwrap().clone();
        let changed = saving(before.id, Some(before.version), vec![change(Key::Name, saw, text("山田 花子"))]);
        let after = stored(house.customers.save(agent(SUZUKI), changed).await.unwrap());
        assert_eq!((after.id, after.version), (before.id, 2));
        assert_eq!((after.created.name.as_deref(), after.updated.name.as_deref()), (Some("佐藤"), Some("鈴木")));
        let all = house.customers.find(agent(SATO), String::new()).await.unwrap();
        assert_eq!(all.len(), 1);
    }

    async fn s33_the_call_in_which_a_customer_is_saved_is_theirs_from_then_on(db: TestDb) {
        let house = house(&db).await;
        let call = house.call(Some("+819012345678"), SATO, 1, false).await;
        let earlier = house.call(Some("+819012345678"), SUZUKI, 0, true).await;
        let withheld = house.call(None, SUZUKI, 0, true).await;
        let save = SaveCustomer { interaction: Some(call), ..saving(new_id(), None, vec![name("森"), phones(&["09012345678"])]) };
        let made = stored(house.customers.save(agent(SATO), save).await.unwrap());
        for theirs in [call, earlier] {
            assert_eq!(links::of(&house.db, theirs).await.unwrap().unwrap().customer, Some(made.id));
        }
        assert_eq!(links::of(&house.db, withheld).await.unwrap().unwrap().customer, None);
        let looked = house.office.looked.lock().unwrap().clone();
        assert_eq!(looked, [Changed { customers: vec![made.id], numbers: vec![number("+819012345678")], call: Some(call) }]);
    }

    async fn a7_everybody_with_the_number_is_named_the_most_recently_contacted_first(db: TestDb) {
        let house = house(&db).await;
        let city = house.field(Owner::Customer, "市", Kind::Text).await;
        let secret = house.field_like(Owner::Customer, "暗証", Kind::Text, |field| field.sensitive = Some(Role::Supervisor)).await;
        let older = house.named("古い", &["09012345678"]).await;
        house.hands.advance(std::time::Duration::from_secs(1));
        let newer = house.customer(vec![
            name("新しい"), phones(&["+81 90 1234 5678"]), fill(Key::Field(city), text("大阪")), fill(Key::Field(secret), text("12345678")),
        ]).await;
        let call = house.call(Some("+819012345678"), SATO, 77, true).await;
        house.customers.choose(agent(SATO), call, Some(older.id)).await.unwrap();
        let found = house.customers.matches(agent(SATO), number("+819012345678")).await.unwrap();
        assert_eq!(found.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), ["古い", "新しい"]);
        assert_eq!(found[0].last_contact, Some(Timestamp(77)));
        assert_eq!(found[1].details, [("市".to_owned(), "大阪".to_owned())]);
        let whose = house.customers.whose(&number("+819012345678")).await.unwrap();
        assert_eq!((whose.candidates, whose.only), (2, None));
        // The next one says that the call is nobody's: no look-up takes it again.
        house.customers.choose(agent(SATO), call, None).await.unwrap();
        let link = links::of(&house.db, call).await.unwrap().unwrap();
        assert_eq!((link.customer, link.settled), (None, true));
        assert_eq!(house.customers.choose(agent(SUZUKI), call, Some(newer.id)).await, Err(ApiError::NotFound));
        assert_eq!(house.customers.choose(agent(SATO), call, Some(new_id())).await, Err(ApiError::NotFound));
    }

    async fn a8_two_agents_changes_go_together_unless_they_touch_the_same_field(db: TestDb) {
        let house = house(&db).await;
        let memo = Key::Field(house.field(Owner::Customer, "メモ", Kind::LongText).await);
        let before = house.customer(vec![name("山田"), fill(memo, text("一"))]).await;
        let (saw_name, saw_memo) = (plain(&before, Key::Name).unwrap().clone(), plain(&before, memo).unwrap().clone());
        let sato = saving(before.id, Some(1), vec![change(Key::Name, saw_name.clone(), text("山田 太郎"))]);
        let suzuki = saving(before.id, Some(1), vec![change(memo, saw_memo, text("二"))]);
        let (one, other) = tokio::join!(
            house.customers.save(agent(SATO), sato),
            house.customers.save(agent(SUZUKI), suzuki),
        );
        let (one, other) = (stored(one.unwrap()), stored(other.unwrap()));
        assert_eq!([one.version, other.version].iter().max(), Some(&3));
        let now = house.customers.customer(agent(SATO), before.id).await.unwrap();
        assert_eq!((words(&now, Key::Name).as_str(), words(&now, memo).as_str()), ("山田 太郎", "二"));
        // The same field: nothing is stored, both values are told, and the choice ends it.
        let late = saving(before.id, Some(1), vec![change(Key::Name, saw_name, text("山田 次郎"))]);
        let Saved::Conflict { now, conflicts } = house.customers.save(agent(SUZUKI), late).await.unwrap() else {
            panic!("stored over somebody else's name");
        };
        assert_eq!(conflicts, [Conflict {
            key: Key::Name,
            mine: Some(Value::Text("山田 次郎".to_owned())),
            theirs: Some(Value::Text("山田 太郎".to_owned())),
        }]);
        let theirs = plain(&now, Key::Name).unwrap().clone();
        let chosen = saving(before.id, Some(now.version), vec![change(Key::Name, theirs, text("山田 次郎"))]);
        let ended = stored(house.customers.save(agent(SUZUKI), chosen).await.unwrap());
        assert_eq!(words(&ended, Key::Name), "山田 次郎");
    }

    async fn a8_many_who_save_the_same_field_at_once_leave_one_winner(db: TestDb) {
        let house = house(&db).await;
        let before = house.named("零", &[]).await;
        let saves = (0..8).map(|n| {
            let saw = Value::Text("零".to_owned());
            let save = saving(before.id, Some(1), vec![change(Key::Name, saw, text(&format!("名{n}")))]);
            house.customers.save(agent(SATO), save)
        });
        let answers = futures::future::join_all(saves).await;
        let won = answers.iter().filter(|saved| matches!(saved, Ok(Saved::Stored(_)))).count();
        let lost = answers.iter().filter(|saved| matches!(saved, Ok(Saved::Conflict { .. }))).count();
        assert_eq!((won, lost), (1, 7));
        assert_eq!(house.customers.customer(agent(SATO), before.id).await.unwrap().version, 2);
    }

    async fn bad_input_names_every_wrong_field_and_stores_nothing(db: TestDb) {
        let house = house(&db).await;
        let age = Key::Field(house.field(Owner::Customer, "年齢", Kind::Number).await);
        let born = Key::Field(house.field(Owner::Customer, "生年月日", Kind::Date).await);
        let theirs = Key::Field(house.field(Owner::Inquiry, "相談内容", Kind::LongText).await);
        let unknown = Key::Field(FieldId(Uuid::new_v4()));
        let id = new_id();
        let all = vec![
            name(&"長".repeat(201)),
            fill(Key::Reading, text("a\u{202e}b")),
            phones(&["電話"]),
            fill(age, text("x")),
            fill(born, Entered::Checked(true)),
            fill(theirs, text("x")),
            fill(unknown, text("x")),
        ];
        let refused = wrong(house.customers.save(agent(SATO), saving(id, None, all)).await);
        let said = |key: Key| refused.iter().find(|(field, _)| *field == key.to_string()).map(|(_, problem)| problem.clone());
        assert_eq!(refused.len(), 7);
        assert_eq!(said(Key::Name), Some(Problem::TooLong { max: 200 }));
        assert_eq!(said(Key::Reading), Some(Problem::ControlCharacter));
        assert_eq!(said(Key::Phones), Some(Problem::NotANumber));
        assert_eq!(said(age), Some(Problem::NotADecimal));
        assert_eq!(said(born), Some(Problem::Malformed));
        assert_eq!((said(theirs), said(unknown)), (Some(Problem::Unknown), Some(Problem::Unknown)));
        assert_eq!(house.customers.customer(agent(SATO), id).await, Err(ApiError::NotFound));
        let nobody = wrong(house.customers.save(agent(SATO), saving(id, None, vec![fill(Key::Reading, text("ヤマ"))])).await);
        assert_eq!(nobody, [("name".to_owned(), Problem::Required)]);
        assert_eq!(house.customers.save(agent(SATO), saving(id, Some(1), vec![name("x")])).await, Err(ApiError::NotFound));
        let html = house.named("<b onclick=alert(1)>山田</b>", &[]).await;
        assert_eq!(words(&html, Key::Name), "<b onclick=alert(1)>山田</b>");
    }

    async fn what_is_sensitive_is_masked_and_unmasking_leaves_a_line(db: TestDb) {
        let house = house(&db).await;
        let card = Key::Field(house.field_like(Owner::Customer, "会員番号", Kind::Text, |field| field.sensitive = Some(Role::Supervisor)).await);
        let made = house.customer(vec![name("森"), fill(card, text("A-1234-5678"))]).await;
        assert_eq!(made.values[&card], Shown::Masked { tail: "5678".to_owned(), may_unmask: false });
        // Guessing what stands there tells nothing.
        let guess = vec![FieldChange { key: card, before: Before::Saw(Some(Value::Text("x".to_owned()))), after: text("B-9999-0000") }];
        assert!(matches!(house.customers.save(agent(SATO), saving(made.id, Some(1), guess)).await, Ok(Saved::Stored(_))));
        assert_eq!(house.customers.unmask(agent(SATO), made.id, card).await, Err(ApiError::Forbidden));
        let value = house.customers.unmask(boss(), made.id, card).await.unwrap();
        assert_eq!(value, Some(Value::Text("B-9999-0000".to_owned())));
        let lines = crate::audit::page(&house.db, None).await.unwrap();
        let line = lines.iter().find(|line| line.what == "customer.unmasked").unwrap();
        assert_eq!((line.who.as_deref(), line.subject.as_str()), (Some("佐藤"), made.id.to_string().as_str()));
        assert!(lines.iter().all(|line| !line.detail.contains("9999")));
        assert!(house.customers.find(boss(), "0000".to_owned()).await.is_ok());
    }

    async fn a8_others_who_have_the_record_open_are_shown_until_they_close_it(db: TestDb) {
        let house = house(&db).await;
        let made = house.named("森", &[]).await;
        let look = |user, id, editing| house.customers.viewing(agent(user), id, editing);
        assert_eq!(look(SATO, Some(made.id), true).await.unwrap(), []);
        let seen = look(SUZUKI, Some(made.id), false).await.unwrap();
        assert_eq!(seen.iter().map(|viewer| (viewer.id, viewer.name.as_str(), viewer.editing)).collect::<Vec<_>>(), [(SATO, "佐藤", true)]);
        look(SATO, None, false).await.unwrap();
        assert_eq!(look(SUZUKI, Some(made.id), false).await.unwrap(), []);
        house.hands.advance(std::time::Duration::from_secs(31));
        assert_eq!(look(SATO, Some(made.id), false).await.unwrap(), []);
    }
}
