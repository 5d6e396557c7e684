//! Fields on both databases.

use domain::ids::{ChoiceId, FieldId};
use domain::records::{Choice, Choices, Entered, Field, Key, Kind, Owner, Reading, Value};
use domain::roles::Role;
use uuid::Uuid;
use wire::records::{FieldsPort, Shown};
use wire::{ApiError, ApiResult, FieldError, Problem};

use crate::customers::tests::{SATO, a_field, agent, boss, fill, house, text};
use crate::on_both;
use wire::customers::CustomersPort;

fn id(n: u128) -> ChoiceId {
    ChoiceId(Uuid::from_u128(n))
}

fn choice(n: u128, label: &str, under: &[u128]) -> Choice {
    Choice { id: id(n), label: label.to_owned(), under: under.iter().map(|n| id(*n)).collect(), active: true }
}

fn choices(parent: Option<FieldId>, options: Vec<Choice>) -> Kind {
    Kind::Choice(Choices { parent, options })
}

fn wrong(result: ApiResult<Field>) -> Vec<(String, Problem)> {
    match result {
        Err(ApiError::Invalid { fields }) => {
            fields.into_iter().map(|FieldError { field, problem }| (field, problem)).collect()
        }
        other => panic!("not refused as invalid: {other:?}"),
    }
}

fn one(field: &str, problem: Problem) -> Vec<(String, Problem)> {
    vec![(field.to_owned(), problem)]
}

on_both! {
    async fn fields_are_kept_in_their_order_and_told_in_the_audit_log(db: TestDb) {
        let house = house(&db).await;
        let first = house.field(Owner::Customer, " 住所 ", Kind::Text).await;
        let second = house.field(Owner::Customer, "メモ", Kind::LongText).await;
        let inquiry = house.field(Owner::Inquiry, "住所", Kind::Text).await;
        let ids = async || house.records.fields(agent(SATO)).await.unwrap().customer.iter().map(|field| field.id).collect::<Vec<_>>();
        assert_eq!(ids().await, [first, second]);
        house.records.order(boss(), Owner::Customer, vec![second]).await.unwrap();
        assert_eq!(ids().await, [second, first]);
        for order in [vec![second, second], vec![inquiry], vec![FieldId(Uuid::nil())]] {
            let refused = house.records.order(boss(), Owner::Customer, order).await;
            assert_eq!(refused, Err(ApiError::field("order", Problem::Unknown)));
        }
        assert_eq!(house.records.order(agent(SATO), Owner::Customer, vec![]).await, Err(ApiError::Forbidden));
        let refused = house.records.save(agent(SATO), a_field(Owner::Customer, "x", Kind::Text)).await;
        assert_eq!(refused, Err(ApiError::Forbidden));
        let mut renamed = house.records.all().await.unwrap().get(first).unwrap().clone();
        renamed.label = "ご住所".to_owned();
        renamed.position = 99;
        assert_eq!(house.records.save(boss(), renamed).await.unwrap().position, 1);
        let lines = crate::audit::page(&house.db, None).await.unwrap();
        assert_eq!(lines[0].what, "field.saved");
        assert_eq!(lines[0].detail, "label: 住所 → ご住所");
    }

    async fn a_wrong_field_is_refused_with_everything_that_is_wrong(db: TestDb) {
        let house = house(&db).await;
        let save = |field: Field| house.records.save(boss(), field);
        let known = house.field(Owner::Customer, "種別", choices(None, vec![choice(1, "個人", &[]), choice(2, "法人", &[])])).await;
        let mut field = a_field(Owner::Customer, "種別", Kind::Text);
        field.help = "\u{202e}".to_owned();
        assert_eq!(wrong(save(field).await), [("label".to_owned(), Problem::Taken), ("help".to_owned(), Problem::ControlCharacter)]);
        assert_eq!(wrong(save(a_field(Owner::Customer, " ", Kind::Text)).await), one("label", Problem::Required));
        assert_eq!(wrong(save(a_field(Owner::Customer, &"長".repeat(61), Kind::Text)).await), one("label", Problem::TooLong { max: 60 }));
        assert_eq!(wrong(save(a_field(Owner::Customer, "空", choices(None, vec![]))).await), one("kind", Problem::Required));
        let twice = choices(None, vec![choice(3, "Ａ", &[]), choice(4, "a", &[]), choice(1, "x", &[])]);
        assert_eq!(
            wrong(save(a_field(Owner::Customer, "重複", twice)).await),
            [("choices.1.label".to_owned(), Problem::Taken), ("choices.2.label".to_owned(), Problem::Taken)]
        );
        let many = choices(None, (0..501).map(|n| choice(1_000 + n, &format!("{n}"), &[])).collect());
        assert_eq!(wrong(save(a_field(Owner::Customer, "多", many)).await), one("kind", Problem::TooMany { max: 500 }));
        let under = choices(Some(known), vec![choice(5, "x", &[1]), choice(6, "y", &[7])]);
        assert_eq!(wrong(save(a_field(Owner::Customer, "中", under.clone())).await), one("choices.1.under", Problem::Unknown));
        assert_eq!(wrong(save(a_field(Owner::Inquiry, "中", under)).await), one("parent", Problem::Unknown));
        let text_field = house.field(Owner::Customer, "メモ", Kind::Text).await;
        let under = choices(Some(text_field), vec![choice(5, "x", &[])]);
        assert_eq!(wrong(save(a_field(Owner::Customer, "中", under)).await), one("parent", Problem::WrongKind));
        let mut bad_default = a_field(Owner::Customer, "数", Kind::Number);
        bad_default.default = Some(Value::Text("x".to_owned()));
        assert_eq!(wrong(save(bad_default).await), one("default", Problem::Malformed));
        let mut moved = house.records.all().await.unwrap().get(text_field).unwrap().clone();
        moved.owner = Owner::Inquiry;
        assert_eq!(wrong(save(moved).await), one("owner", Problem::Malformed));
    }

    async fn a_parent_narrows_and_can_neither_go_nor_become_its_own_child(db: TestDb) {
        let house = house(&db).await;
        let large = house.field(Owner::Inquiry, "大分類", choices(None, vec![choice(1, "商品", &[]), choice(2, "配送", &[])])).await;
        let middle = house.field(Owner::Inquiry, "中分類", choices(Some(large), vec![choice(3, "返品", &[1]), choice(4, "遅れ", &[2])])).await;
        let get = async |id| house.records.all().await.unwrap().get(id).unwrap().clone();
        let mut circle = get(large).await;
        circle.kind = choices(Some(middle), vec![choice(1, "商品", &[]), choice(2, "配送", &[])]);
        assert_eq!(wrong(house.records.save(boss(), circle).await), one("parent", Problem::Malformed));
        let mut retired = get(large).await;
        retired.active = false;
        assert_eq!(wrong(house.records.save(boss(), retired).await), one("active", Problem::InUse));
        let mut other_kind = get(large).await;
        other_kind.kind = Kind::Text;
        assert_eq!(wrong(house.records.save(boss(), other_kind).await), one("kind", Problem::InUse));
        let mut default = get(middle).await;
        default.default = Some(Value::Choice(id(3)));
        assert_eq!(wrong(house.records.save(boss(), default.clone()).await), one("default", Problem::NotOffered));
        let mut above = get(large).await;
        above.default = Some(Value::Choice(id(1)));
        house.records.save(boss(), above).await.unwrap();
        assert_eq!(house.records.save(boss(), default).await.unwrap().default, Some(Value::Choice(id(3))));
    }

    async fn another_kind_of_field_destroys_no_value_and_back_again_it_is_as_it_was(db: TestDb) {
        let house = house(&db).await;
        let kind = choices(None, vec![choice(1, "個人", &[]), choice(2, "法人", &[])]);
        let field = house.field(Owner::Customer, "種別", kind).await;
        let key = Key::Field(field);
        let made = house.customer(vec![fill(Key::Name, text("森")), fill(key, Entered::Choice(Some(id(2))))]).await;
        let mut changed = house.records.all().await.unwrap().get(field).unwrap().clone();
        changed.kind = Kind::Number;
        let changed = house.records.save(boss(), changed).await.unwrap();
        let fields = house.records.all().await.unwrap();
        let now = house.customers.customer(agent(SATO), made.id).await.unwrap();
        let Shown::Plain(value) = &now.values[&key] else { panic!("masked") };
        let words = |id: ChoiceId| fields.choice(id).map(str::to_owned);
        assert_eq!(value.read_as(&changed.kind, words), Reading::Old("法人".to_owned()));
        // A list that leaves it out retires it: it stays readable, and chosen.
        let back = Field { kind: choices(None, vec![choice(1, "個人", &[])]), ..changed };
        let back = house.records.save(boss(), back).await.unwrap();
        let fields = house.records.all().await.unwrap();
        assert_eq!(fields.former.len(), 0);
        let Kind::Choice(offered) = &back.kind else { panic!("another kind") };
        assert_eq!(offered.options.iter().map(|choice| (choice.label.as_str(), choice.active)).collect::<Vec<_>>(), [("個人", true), ("法人", false)]);
        assert_eq!(value.read_as(&back.kind, |id| fields.choice(id).map(str::to_owned)), Reading::Fits(Entered::Choice(Some(id(2)))));
        assert_eq!(house.customers.customer(agent(SATO), made.id).await.unwrap().values, made.values);
    }

    async fn a_sensitive_field_is_masked_for_every_role(db: TestDb) {
        let house = house(&db).await;
        let key = Key::Field(house.field_like(Owner::Customer, "番号", Kind::Text, |field| field.sensitive = Some(Role::Agent)).await);
        let made = house.customer(vec![fill(Key::Name, text("森")), fill(key, text("1234567"))]).await;
        assert_eq!(made.values[&key], Shown::Masked { tail: String::new(), may_unmask: true });
        let seen = house.customers.customer(boss(), made.id).await.unwrap();
        assert_eq!(seen.values[&key], Shown::Masked { tail: String::new(), may_unmask: true });
    }
}
