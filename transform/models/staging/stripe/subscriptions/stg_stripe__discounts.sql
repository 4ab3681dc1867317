-- Grain: one discount where it still hangs: on its customer, subscription or subscription item.
with

customers as (

    select * from {{ source('stripe', 'customers') }}

),

subscriptions as (

    select * from {{ source('stripe', 'subscriptions') }}

)

-- Two joins of one root each, and no CTE that both would read: a refresh then looks at the
-- discounts of a few roots alone.
select landed_discounts.*
from {{ ref('stg_stripe__landed_discounts') }} as landed_discounts
inner join customers
    on
        landed_discounts.stripe_account_id = customers.stripe_account_id
        and landed_discounts.root_id = customers.id
        and landed_discounts.read_at = customers.read_at
where landed_discounts.root_type = 'customer'

union all

select landed_discounts.*
from {{ ref('stg_stripe__landed_discounts') }} as landed_discounts
inner join subscriptions
    on
        landed_discounts.stripe_account_id = subscriptions.stripe_account_id
        and landed_discounts.root_id = subscriptions.id
        and landed_discounts.read_at = subscriptions.read_at
where landed_discounts.root_type = 'subscription'
