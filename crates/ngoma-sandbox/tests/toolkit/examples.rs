//! The toolkit's examples, several turns each.

use crate::person::Person;

/// What a person says, `dial` to begin, and what the service shows then.
async fn check(example: &str, turns: &[(&str, &str)]) {
    let mut person = Person::of_example(example).await;
    for (said, expected) in turns {
        let content = (*said != "dial").then_some(*said);
        assert_eq!(person.says(content).await, *expected, "{said}");
    }
}

#[tokio::test]
async fn simple_offers_tea_and_coffee() {
    let question = "* Tea or coffee?\n1. Tea\n2. Coffee";
    check(
        "simple",
        &[
            ("dial", question),
            ("3", question),
            ("1", "Meh. Bye."),
            ("dial", question),
            ("2", "Cool :) Bye."),
        ],
    )
    .await;
}

#[tokio::test]
async fn http_calls_out_and_goes_on_with_the_answer() {
    let menu = "* Choose your destiny:\n1. Put something\n2. Post something\n3. Cause an error";
    check(
        "http",
        &[
            ("dial", menu),
            ("1", "* What would you like to put?"),
            ("a cat", "You just performed a put. It was echoed back: a cat"),
            ("dial", menu),
            ("2", "* What would you like to post?"),
            ("é", "You just performed a post. It was echoed back: é"),
            ("dial", menu),
            (
                "3",
                "You just performed a request. It got a response with the status code 418",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn contacts_keeps_who_somebody_is() {
    check(
        "contacts",
        &[
            ("dial", "* What is your name?"),
            ("Nomsa", "* Do you like tea or coffee?\n1. Tea\n2. Coffee"),
            ("2", "Hello Nomsa. I hear you like coffee. That's nice. Bye."),
            ("dial", "Hello Nomsa. I hear you like coffee. That's nice. Bye."),
        ],
    )
    .await;
}
