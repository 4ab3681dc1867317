{% macro last_day_of_month(year, month) -%}
    {{ adapter.dispatch('last_day_of_month')(year, month) }}
{%- endmacro %}

{% macro default__last_day_of_month(year, month) -%}
    last_day(make_date({{ year }}, {{ month }}, 1))
{%- endmacro %}

{% macro spark__last_day_of_month(year, month) -%}
    last_day(make_date(cast({{ year }} as int), cast({{ month }} as int), 1))
{%- endmacro %}


{# The first days of the months from one date to another, both included, one row each. #}
{% macro months_from(first_month, last_month) -%}
    {{ adapter.dispatch('months_from')(first_month, last_month) }}
{%- endmacro %}

{% macro default__months_from(first_month, last_month) -%}
    cast(unnest(generate_series(
        cast({{ first_month }} as timestamp), cast({{ last_month }} as timestamp), interval 1 month
    )) as date)
{%- endmacro %}

{% macro spark__months_from(first_month, last_month) -%}
    {{ dates_from(first_month, last_month, "interval '1' month") }}
{%- endmacro %}

{# Of an end before its beginning Spark's `sequence` is an error, and `explode` of null is no row. #}
{% macro dates_from(first, last, step) -%}
    explode(
        case
            when cast({{ first }} as date) <= cast({{ last }} as date)
                then sequence(cast({{ first }} as date), cast({{ last }} as date), {{ step }})
        end
    )
{%- endmacro %}


{% macro month_of(moment) -%}
    cast(date_trunc('month', {{ moment }}) as date)
{%- endmacro %}


{% macro month_after(month, count=1) -%}
    cast({{ month }} + interval '{{ count }}' month as date)
{%- endmacro %}


{% macro days_between(first_moment, last_moment) -%}
    {{ adapter.dispatch('days_between')(first_moment, last_moment) }}
{%- endmacro %}

{% macro default__days_between(first_moment, last_moment) -%}
    date_diff('day', {{ first_moment }}, {{ last_moment }})
{%- endmacro %}

{% macro spark__days_between(first_moment, last_moment) -%}
    datediff(cast({{ last_moment }} as date), cast({{ first_moment }} as date))
{%- endmacro %}


{% macro seconds_between(first_moment, last_moment) -%}
    {{ adapter.dispatch('seconds_between')(first_moment, last_moment) }}
{%- endmacro %}

{% macro default__seconds_between(first_moment, last_moment) -%}
    date_diff('second', {{ first_moment }}, {{ last_moment }})
{%- endmacro %}

{% macro spark__seconds_between(first_moment, last_moment) -%}
    (unix_timestamp({{ last_moment }}) - unix_timestamp({{ first_moment }}))
{%- endmacro %}


{# How many calendar months a billing period has, null if it is no whole number of them. The 31st is
followed by the last day of a shorter month, and that by the 31st again. #}
{% macro calendar_months(start, end) -%}
    {%- set clamped = [
        'day(' ~ start ~ ') = day(' ~ end ~ ')',
        'day(' ~ start ~ ') > day(' ~ end ~ ') and day(' ~ end ~ ') = day(last_day(' ~ end ~ '))',
        'day(' ~ start ~ ') < day(' ~ end ~ ') and day(' ~ start ~ ') = day(last_day(' ~ start ~ '))'
    ] | join(' or ') -%}
    case
        when {{ clamped }}
            then nullif(
                (year({{ end }}) - year({{ start }})) * 12 + month({{ end }}) - month({{ start }}), 0
            )
    end
{%- endmacro %}


{# The days from one date to another, both included, one row each. #}
{% macro days_from(first_day, last_day) -%}
    {{ adapter.dispatch('days_from')(first_day, last_day) }}
{%- endmacro %}

{% macro default__days_from(first_day, last_day) -%}
    cast(unnest(generate_series(
        cast({{ first_day }} as timestamp), cast({{ last_day }} as timestamp), interval 1 day
    )) as date)
{%- endmacro %}

{% macro spark__days_from(first_day, last_day) -%}
    {{ dates_from(first_day, last_day, "interval '1' day") }}
{%- endmacro %}
