-- Customers who sent back at least three orders: talk to them before writing to them. Jonas Weber, Data Engineer.
SELECT customer_id
FROM orders
WHERE status = 'returned'
GROUP BY customer_id
HAVING count(*) >= 3
