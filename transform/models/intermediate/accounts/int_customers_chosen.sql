-- Grain: one account: the customer who stands for it, the owner of the chosen subscription; without
-- any subscription the newest customer.
with

customers_linked as (

    select * from {{ ref('int_customers_linked') }}

),

subscriptions_chosen as (

    select * from {{ ref('int_subscriptions_chosen') }}

),

ranked_customers as (

    select
        customers_linked.*,
        subscriptions_chosen.subscription_id,
        row_number() over (
            partition by customers_linked.account_id
            order by
                case
                    when
                        customers_linked.stripe_account_id = subscriptions_chosen.stripe_account_id
                        and customers_linked.customer_id = subscriptions_chosen.customer_id
                        then 1
                    else 2
                end,
                customers_linked.created desc,
                customers_linked.customer_id desc,
                customers_linked.stripe_account_id desc
        ) as rank_in_account
    from customers_linked
    left join subscriptions_chosen
        on customers_linked.account_id = subscriptions_chosen.account_id
    where customers_linked.account_id is not null

)

select
    account_id,
    stripe_account_id,
    customer_id,
    subscription_id,
    created,
    name,
    email,
    balance,
    currency,
    delinquent,
    default_payment_method_id,
    default_source_id,
    is_deleted
from ranked_customers
where rank_in_account = 1
